"""confluent-kafka for Python, driven by JSON: the first argument is the command, the second its options.

The client's properties are under "client". Records come and go as lines of JSON; bytes are base64, null is null.
"""

import base64
import json
import sys
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition


def encode(value):
    """A header's value may come as str."""
    if value is None:
        return None
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def emit(line):
    sys.stdout.write(json.dumps(line) + "\n")


def produce(options):
    """One record per line in, its position per line out, in the same order."""
    producer = Producer(options["client"])
    positions = []

    def remember(at):
        def delivered(error, message):
            positions[at] = KafkaException(error) if error else message

        return delivered

    for line in sys.stdin:
        record = json.loads(line)
        optional = {name: record[name] for name in ("partition", "timestamp") if record.get(name) is not None}
        headers = [(name, decode(value)) for name, value in record.get("headers", [])]
        positions.append(None)
        while True:
            try:
                producer.produce(
                    options["topic"],
                    key=decode(record.get("key")),
                    value=decode(record.get("value")),
                    headers=headers,
                    on_delivery=remember(len(positions) - 1),
                    **optional,
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(options.get("patience", 20_000) / 1000) > 0:
        raise TimeoutError("not all records were acknowledged in time")
    for message in positions:
        if isinstance(message, KafkaException):
            raise message
        emit({"partition": message.partition(), "offset": message.offset(), "timestamp": message.timestamp()[1]})


def partitions_of(consumer, topic, patience, failures):
    """Refused connections are tried again for ever: what was told of them is the error, not the time-out."""
    deadline = time.monotonic() + patience
    while True:
        try:
            found = consumer.list_topics(topic, timeout=0.3).topics[topic]
            if found.error:
                raise KafkaException(found.error)
            return found.partitions
        except KafkaException as error:
            consumer.poll(0)
            refused = [failure for failure in failures if failure.name() in ("_AUTHENTICATION", "_SSL")]
            if refused or found_out(error) or time.monotonic() > deadline:
                raise (KafkaException(refused[0]) if refused else error) from None


def found_out(error):
    return error.args[0].name() not in ("_TRANSPORT", "_TIMED_OUT", "_ALL_BROKERS_DOWN")


def consume(options):
    """From the beginning to where the end was at the start, or `count` records."""
    patience = options.get("patience", 20_000) / 1000
    config = {
        "group.id": "unused",
        "enable.auto.commit": False,
        "isolation.level": options.get("isolation", "read_uncommitted"),
        "enable.partition.eof": True,
        **options["client"],
    }
    failures = []
    consumer = Consumer(config, error_cb=failures.append)
    topic, count = options["topic"], options.get("count")
    known = partitions_of(consumer, topic, patience, failures)
    ends = {partition: consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=patience)[1] for partition in known}
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in known])
    open_partitions = {partition for partition in known if count is not None or ends[partition] > 0}
    seen, deadline = 0, time.monotonic() + patience
    while (seen < count) if count is not None else open_partitions:
        message = consumer.poll(0.1)
        if message is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing more came after {seen} records")
            continue
        if message.error():
            # The end of a partition: with read_committed it lies before an open transaction.
            if message.error().name() != "_PARTITION_EOF":
                raise KafkaException(message.error())
            if count is None:
                open_partitions.discard(message.partition())
            continue
        deadline = time.monotonic() + patience
        if count is None and message.partition() not in open_partitions:
            continue
        seen += 1
        emit(
            {
                "partition": message.partition(),
                "offset": message.offset(),
                "timestamp": message.timestamp()[1],
                "key": encode(message.key()),
                "value": encode(message.value()),
                "headers": [[name, encode(value)] for name, value in message.headers() or []],
            }
        )
        if count is None and message.offset() + 1 >= ends[message.partition()]:
            open_partitions.discard(message.partition())
    consumer.close()


try:
    {"produce": produce, "consume": consume}[sys.argv[1]](json.loads(sys.argv[2]))
    sys.stdout.flush()
except (KafkaException, TimeoutError) as error:
    sys.stdout.flush()
    sys.exit(f"{type(error).__name__}: {error}")
