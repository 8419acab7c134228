// State as releases wrote it that kept no types: blocks of a "resequence" and of a "schedule" with "as: dueAt", in base64.
// Waiting are two records of shop.orders.OrderCancelled (s1, the second with a header), one of shop.orders.v2.OrderCreated
// (s2), and what a node has made (s3); timers of a cancelled order (s1), and of what a node has made (s2), due twice.

export const heldTurns =
  'TVJTVAEAAgAEAAAAPvDcNAAAAAAAAAAAAAAAAAAAAAAGAAAAAAEAAHJ8MnxzMXsiYSI6MTc2NzYxNDQwMDAwMCwidCI6' +
  'MTc2NzYxNDQwMDAwMiwidiI6eyJldmVudElkIjoiMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAyIiwi' +
  'ZXZlbnRUeXBlIjoib3JkZXIuY2FuY2VsbGVkIiwidGltZXN0YW1wIjoxNzY3NjE0NDAwMDAyLCJkYXRhIjp7Im9yZGVy' +
  'SWQiOiJvMSIsInJlYXNvbiI6ImxhdGUifSwibWV0YWRhdGEiOnsic2Vzc2lvbklkIjoiczEiLCJzZXNzaW9uU2VxIjoy' +
  'fX0sImgiOltbInRyYWNlIiwiZERFPSJdXX0GAAAA6QAAAHJ8MXxzMXsiYSI6MTc2NzYxNDQwMDAwMSwidCI6MTc2NzYx' +
  'NDQwMDAwMSwidiI6eyJldmVudElkIjoiMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAxIiwiZXZlbnRU' +
  'eXBlIjoib3JkZXIuY2FuY2VsbGVkIiwidGltZXN0YW1wIjoxNzY3NjE0NDAwMDAxLCJkYXRhIjp7Im9yZGVySWQiOiJv' +
  'MSIsInJlYXNvbiI6ImxhdGUifSwibWV0YWRhdGEiOnsic2Vzc2lvbklkIjoiczEiLCJzZXNzaW9uU2VxIjoxfX19BgAA' +
  'AAMBAAByfDF8czJ7ImEiOjE3Njc2MTQ0MDAwMDIsInQiOjE3Njc2MTQ0MDAwMDksInYiOnsiZXZlbnRJZCI6IjAwMDAw' +
  'MDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwOSIsImV2ZW50VHlwZSI6Im9yZGVyLmNyZWF0ZWQiLCJ0aW1lc3Rh' +
  'bXAiOjE3Njc2MTQ0MDAwMDksImRhdGEiOnsib3JkZXJJZCI6Im8yIiwidG90YWwiOiI5LjkwIiwiY3VycmVuY3kiOiJF' +
  'VVIiLCJub3RlIjpudWxsfSwibWV0YWRhdGEiOnsic2Vzc2lvbklkIjoiczIiLCJzZXNzaW9uU2VxIjoxfX19BgAAAHgA' +
  'AAByfDF8czN7ImEiOjE3Njc2MTQ0MDAwMDMsInQiOjE3Njc2MTQ0MDAwMTAsInYiOnsibWFkZSI6ImJ5IGEgbm9kZSIs' +
  'ImJpZyI6eyIkaW50ZWdlciI6IjExNTI5MjE1MDQ2MDY4NDY5NzYifSwiYXQiOnsiJHRpbWUiOjV9fX0='

export const heldTimers =
  'TVJTVAEAAgADAAAAaLDvSQAAAAAAAAAAAAAAAAAAAAAFAAAADQAAAEB0aW1lMTc2NzYxNDQwMDAwMAcAAAAEAQAAdHwy' +
  'fHMxfHsiZCI6MTc2NzYxNDQwMTAwMCwidiI6eyJldmVudElkIjoiMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAw' +
  'MDAwMDAxIiwiZXZlbnRUeXBlIjoib3JkZXIuY2FuY2VsbGVkIiwidGltZXN0YW1wIjoxNzY3NjE0NDAwMDAxLCJkYXRh' +
  'Ijp7Im9yZGVySWQiOiJvMSIsInJlYXNvbiI6ImxhdGUifSwibWV0YWRhdGEiOnsic2Vzc2lvbklkIjoiczEiLCJzZXNz' +
  'aW9uU2VxIjoxfSwiZHVlQXQiOjE3Njc2MTQ0MDEwMDB9LCJoIjpbWyJ0cmFjZSIsImRERT0iXV19CAAAAIsAAAB0fDJ8' +
  'czJ8eHsiZCI6MTc2NzYxNDQwMjAwMCwiayI6MiwiZSI6MTAwMCwidiI6eyJtYWRlIjoiYnkgYSBub2RlIiwiYmlnIjp7' +
  'IiRpbnRlZ2VyIjoiMTE1MjkyMTUwNDYwNjg0Njk3NiJ9LCJhdCI6eyIkdGltZSI6NX0sImR1ZUF0IjoxNzY3NjE0NDAy' +
  'MDAwfX0='
