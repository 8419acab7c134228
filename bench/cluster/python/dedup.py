"""Quix Streams: drops records whose eventId was seen before, and ends when `total` records are processed and committed.

python3 dedup.py TASK, where TASK is a JSON object with bootstrap, input, output, total, group, state, schema, guarantee
and commitSeconds.
"""

import io
import json
import os
import sys

import fastavro
from quixstreams import Application

HEADER = 5

task = json.loads(sys.argv[1])
with open(task["schema"]) as file:
    written = json.load(file)
# A reader schema of one field, so that the rest is skipped.
projection = {
    "type": "record",
    "name": written["name"],
    "namespace": written["namespace"],
    "fields": [{"name": "eventId", "type": "string"}],
}
writer_schema = fastavro.parse_schema(written)
reader_schema = fastavro.parse_schema(projection)
records = 0
passed = 0


def is_new(value, state):
    """The state is that of the record's key: RocksDB, with a changelog."""
    global records, passed
    event = fastavro.schemaless_reader(io.BytesIO(value[HEADER:]), writer_schema, reader_schema)
    fresh = not state.exists(event["eventId"])
    if fresh:
        state.set(event["eventId"], 1)
        passed += 1
    records += 1
    if records == task["total"]:
        app.stop()
    return fresh


app = Application(
    broker_address=task["bootstrap"],
    consumer_group=task["group"],
    auto_offset_reset="earliest",
    processing_guarantee=task["guarantee"],
    commit_interval=task["commitSeconds"],
    state_dir=task["state"],
    loglevel="WARNING",
    auto_create_topics=True,
    consumer_extra_config={"fetch.queue.backoff.ms": 20},
    producer_extra_config={"compression.codec": "lz4", "partitioner": "murmur2_random"},
)
orders = app.topic(task["input"], key_deserializer="bytes", value_deserializer="bytes")
distinct = app.topic(task["output"], key_serializer="bytes", value_serializer="bytes")
frame = app.dataframe(orders).filter(is_new, stateful=True).to_topic(distinct)
app.run()
print(json.dumps({"records": records, "written": passed}), flush=True)
os._exit(0)
