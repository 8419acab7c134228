/** Sizes that more than one part of a drawing keeps to, in pixels. */
export const sizes = { margin: 32, padding: 16, name: 15, type: 11, set: 12, chip: 11.5 } as const

const light = `
  .page { fill: #f4f6f9 } .panel { fill: #ffffff; stroke: #e2e7ed } .rule { stroke: #e8ecf1 }
  .card { fill: #ffffff } .frame { fill: none; stroke: #d5dce4 } .shade { fill: #1b2733; fill-opacity: .05 }
  text { fill: #17212b } .about, .set, .state, .part, .holds, .legend { fill: #5a6773 }
  .source .accent { fill: #2f6fd0 } .processor .accent { fill: #7a58cc } .sink .accent { fill: #1f8a5b }
  .source .type { fill: #245bb0 } .processor .type { fill: #6444b4 } .sink .type { fill: #17704a }
  .source .icon { stroke: #2f6fd0 } .processor .icon { stroke: #7a58cc } .sink .icon { stroke: #1f8a5b }
  .state-icon { stroke: #7b8894 }
  .edge { stroke: #94a1ad } .head { fill: #94a1ad }
  .side { stroke: #c0821d } .side-head { fill: #c0821d } .looked { stroke: #7a58cc } .looked-head { fill: #7a58cc }
  .tag { fill: #fff7e6; stroke: #ecd3a2 } .label { fill: #85560d }
  .chip { fill: #f4f6f9; stroke: #dde3ea } .topic { fill: #33404c }`

const dark = `
  .page { fill: #0d1319 } .panel { fill: #131b23; stroke: #24303c } .rule { stroke: #24303c }
  .card { fill: #1b2631 } .frame { fill: none; stroke: #34424f } .shade { fill: #000000; fill-opacity: .25 }
  text { fill: #e8eef4 } .about, .set, .state, .part, .holds, .legend { fill: #9dabb8 }
  .source .accent { fill: #5b9bff } .processor .accent { fill: #a587f5 } .sink .accent { fill: #43bd85 }
  .source .type { fill: #86b6ff } .processor .type { fill: #bda6ff } .sink .type { fill: #6ad3a2 }
  .source .icon { stroke: #5b9bff } .processor .icon { stroke: #a587f5 } .sink .icon { stroke: #43bd85 }
  .state-icon { stroke: #8b99a6 }
  .edge { stroke: #64727f } .head { fill: #64727f }
  .side { stroke: #d49a3c } .side-head { fill: #d49a3c } .looked { stroke: #a587f5 } .looked-head { fill: #a587f5 }
  .tag { fill: #33270f; stroke: #6b5119 } .label { fill: #f0c67a }
  .chip { fill: #1b2631; stroke: #34424f } .topic { fill: #cbd6e0 }`

/** The looks of a drawing: light, and dark where the reader's screen is. */
export const style = `
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
  .title { font-size: 24px; font-weight: 700 } .about { font-size: 14px }
  .part, .holds { font-size: 11px; font-weight: 600; letter-spacing: .3px }
  .name { font-size: ${sizes.name}px; font-weight: 600 } .set { font-size: ${sizes.set}px }
  .type { font-size: ${sizes.type}px; font-weight: 600; letter-spacing: .3px }
  .state, .legend { font-size: ${sizes.set}px } .topic { font-size: ${sizes.chip}px }
  .panel, .chip, .tag, .rule, .frame { stroke-width: 1 }
  .edge { fill: none; stroke-width: 1.7 } .side { stroke-dasharray: 6 4 } .looked { stroke-dasharray: 2 4; stroke-linecap: round }
  .label { font-size: 11px; text-anchor: middle }
  .icon, .state-icon { fill: none; stroke-width: 1.4; stroke-linecap: round; stroke-linejoin: round }${light}
  @media (prefers-color-scheme: dark) {${dark}
  }
`

/** A number with at most one digit behind the point. */
export function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
