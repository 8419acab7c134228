"""confluent-kafka's Avro serializers for Python, driven by JSON: the first argument is the command, the second its options.

Options: url, topic, strategy (topic, record, topic-record), schema (text; the reader's for `read`), register.
Lines of JSON in and out: values for `write`, which answers with base64; the other way about for `read`.
"""

import base64
import json
import sys

from confluent_kafka.schema_registry import (
    SchemaRegistryClient,
    record_subject_name_strategy,
    topic_record_subject_name_strategy,
    topic_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

strategies = {
    "topic": topic_subject_name_strategy,
    "record": record_subject_name_strategy,
    "topic-record": topic_record_subject_name_strategy,
}


def plain(value):
    """Bytes have no place in JSON."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


command, options = sys.argv[1], json.loads(sys.argv[2])
client = SchemaRegistryClient({"url": options["url"]})
context = SerializationContext(options["topic"], MessageField.VALUE)
try:
    if command == "write":
        settings = {
            "auto.register.schemas": options.get("register", False),
            "subject.name.strategy": strategies[options.get("strategy", "topic")],
        }
        serializer = AvroSerializer(client, options["schema"], conf=settings)
        for line in sys.stdin:
            sys.stdout.write(base64.b64encode(serializer(json.loads(line), context)).decode() + "\n")
    else:
        deserializer = AvroDeserializer(client, options.get("schema"))
        for line in sys.stdin:
            value = deserializer(base64.b64decode(line), context)
            sys.stdout.write(json.dumps(plain(value)) + "\n")
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
