import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Kafka's own Java client, driven by JSON: the first argument is the command, the second its options as JSON, with the
 * client's properties under "client". Records come and go as lines of JSON; bytes are base64, null is null.
 */
final class Interop {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final BufferedReader IN =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private static final PrintWriter OUT =
      new PrintWriter(new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8), 1 << 16));

  public static void main(String[] arguments) {
    try {
      JsonNode options = JSON.readTree(arguments[1]);
      switch (arguments[0]) {
        case "consume" -> consume(options);
        case "produce" -> produce(options);
        case "transactions" -> transactions(options);
        case "partition" -> partition(options);
        case "offsets" -> offsets(options);
        case "ends" -> ends(options);
        case "commit" -> commit(options);
        default -> throw new IllegalArgumentException("unknown command " + arguments[0]);
      }
      OUT.flush();
      // Not exit: an open transaction stays open, as if the process had been killed.
      Runtime.getRuntime().halt(0);
    } catch (Throwable error) {
      OUT.flush();
      System.err.println(words(error));
      Runtime.getRuntime().halt(1);
    }
  }

  // --- consume: from the beginning to where the end was at the start, or `count` records ---

  private static void consume(JsonNode options) throws Exception {
    Properties client = properties(options);
    client.putIfAbsent("isolation.level", text(options, "isolation", "read_uncommitted"));
    client.putIfAbsent("auto.offset.reset", "earliest");
    client.putIfAbsent("enable.auto.commit", "false");
    long count = options.path("count").asLong(Long.MAX_VALUE);
    Duration patience = Duration.ofMillis(options.path("patience").asLong(20_000));
    try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (var info : consumer.partitionsFor(options.get("topic").asText(), patience)) {
        partitions.add(new TopicPartition(info.topic(), info.partition()));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      // A wanted count may lie beyond today's end.
      Map<TopicPartition, Long> ends = options.has("count") ? null : consumer.endOffsets(partitions, patience);
      long deadline = System.nanoTime() + patience.toNanos();
      for (long seen = 0; seen < count && (ends == null || !reached(consumer, ends)); ) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          if (ends != null && record.offset() >= ends.get(new TopicPartition(record.topic(), record.partition()))) continue;
          if (seen++ < count) print(describe(record));
          deadline = System.nanoTime() + patience.toNanos();
        }
        if (System.nanoTime() > deadline) throw new IllegalStateException("nothing more came after " + seen + " records");
      }
    }
  }

  private static boolean reached(KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
    return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
  }

  private static ObjectNode describe(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode line = JSON.createObjectNode();
    line.put("partition", record.partition());
    line.put("offset", record.offset());
    line.put("timestamp", record.timestamp());
    line.put("key", base64(record.key()));
    line.put("value", base64(record.value()));
    ArrayNode headers = line.putArray("headers");
    for (Header header : record.headers()) headers.addArray().add(header.key()).add(base64(header.value()));
    return line;
  }

  // --- produce: one record per line in, its position per line out, in the same order ---

  private static void produce(JsonNode options) throws Exception {
    try (var producer = new KafkaProducer<>(properties(options), new ByteArraySerializer(), new ByteArraySerializer())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      String topic = options.get("topic").asText();
      for (String line; (line = IN.readLine()) != null; ) sent.add(producer.send(record(topic, JSON.readTree(line))));
      producer.flush();
      for (Future<RecordMetadata> one : sent) print(describe(one.get()));
    }
  }

  private static ProducerRecord<byte[], byte[]> record(String topic, JsonNode line) {
    Integer partition = line.hasNonNull("partition") ? line.get("partition").asInt() : null;
    Long timestamp = line.hasNonNull("timestamp") ? line.get("timestamp").asLong() : null;
    List<Header> headers = new ArrayList<>();
    for (JsonNode header : line.path("headers")) {
      headers.add(new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
    }
    return new ProducerRecord<>(topic, partition, timestamp, bytes(line.get("key")), bytes(line.get("value")), headers);
  }

  private static ObjectNode describe(RecordMetadata metadata) {
    ObjectNode line = JSON.createObjectNode();
    line.put("partition", metadata.partition());
    line.put("offset", metadata.offset());
    return line.put("timestamp", metadata.timestamp());
  }

  // --- transactions: one step per line in, one answer per line out; several producers, as open as the steps leave them ---

  private static void transactions(JsonNode options) throws Exception {
    Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    for (String line; (line = IN.readLine()) != null; ) {
      ObjectNode answer = JSON.createObjectNode();
      try {
        JsonNode step = JSON.readTree(line);
        answer = step(options, producers, step);
      } catch (Exception error) {
        answer.put("error", words(error));
      }
      print(answer);
      OUT.flush();
    }
  }

  private static ObjectNode step(JsonNode options, Map<String, KafkaProducer<byte[], byte[]>> producers, JsonNode step)
      throws Exception {
    String name = step.get("producer").asText();
    KafkaProducer<byte[], byte[]> producer = producers.get(name);
    ObjectNode answer = JSON.createObjectNode();
    switch (step.get("step").asText()) {
      case "open" -> {
        Properties client = properties(options);
        client.put("transactional.id", step.get("transactionalId").asText());
        client.put("transaction.timeout.ms", step.path("timeout").asInt(60_000));
        producer = new KafkaProducer<>(client, new ByteArraySerializer(), new ByteArraySerializer());
        producers.put(name, producer);
        producer.initTransactions();
      }
      case "begin" -> producer.beginTransaction();
      case "send" -> {
        Future<RecordMetadata> sent = producer.send(record(step.get("topic").asText(), step));
        producer.flush();
        answer = describe(sent.get());
      }
      case "offsets" -> producer.sendOffsetsToTransaction(
          offsetsOf(step), new ConsumerGroupMetadata(step.get("group").asText()));
      case "commit" -> producer.commitTransaction();
      case "abort" -> producer.abortTransaction();
      default -> throw new IllegalArgumentException("unknown step " + step);
    }
    return answer;
  }

  // --- partition: base64 keys in, the default partitioner's choice out ---

  private static void partition(JsonNode options) throws IOException {
    int partitions = options.get("partitions").asInt();
    for (String line; (line = IN.readLine()) != null; ) {
      OUT.println(BuiltInPartitioner.partitionForKey(Base64.getDecoder().decode(line), partitions));
    }
  }

  // --- committed offsets, with their metadata ---

  private static void offsets(JsonNode options) throws Exception {
    try (Admin admin = Admin.create(properties(options))) {
      var offsets = admin.listConsumerGroupOffsets(options.get("group").asText()).partitionsToOffsetAndMetadata().get();
      for (var entry : offsets.entrySet()) {
        if (entry.getValue() == null) continue;
        ObjectNode line = JSON.createObjectNode();
        line.put("topic", entry.getKey().topic()).put("partition", entry.getKey().partition());
        print(line.put("offset", entry.getValue().offset()).put("metadata", entry.getValue().metadata()));
      }
    }
  }

  // --- where the partitions of a topic end, as either isolation level sees it ---

  private static void ends(JsonNode options) throws Exception {
    String topic = options.get("topic").asText();
    Map<Integer, ObjectNode> lines = new TreeMap<>();
    for (String isolation : List.of("read_uncommitted", "read_committed")) {
      Properties client = properties(options);
      client.put("isolation.level", isolation);
      try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
        List<TopicPartition> partitions = new ArrayList<>();
        for (var info : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, info.partition()));
        consumer.endOffsets(partitions).forEach((partition, end) -> lines
            .computeIfAbsent(partition.partition(), number -> JSON.createObjectNode().put("partition", number))
            .put(isolation, end));
      }
    }
    for (ObjectNode line : lines.values()) print(line);
  }

  private static void commit(JsonNode options) throws Exception {
    try (Admin admin = Admin.create(properties(options))) {
      admin.alterConsumerGroupOffsets(options.get("group").asText(), offsetsOf(options)).all().get();
    }
  }

  private static Map<TopicPartition, OffsetAndMetadata> offsetsOf(JsonNode node) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (JsonNode one : node.get("offsets")) {
      offsets.put(
          new TopicPartition(one.get("topic").asText(), one.get("partition").asInt()),
          new OffsetAndMetadata(one.get("offset").asLong(), text(one, "metadata", "")));
    }
    return offsets;
  }

  // --- JSON ---

  private static Properties properties(JsonNode options) {
    Properties properties = new Properties();
    options.get("client").properties().forEach(one -> properties.put(one.getKey(), one.getValue().asText()));
    return properties;
  }

  private static String text(JsonNode node, String field, String otherwise) {
    return node.hasNonNull(field) ? node.get(field).asText() : otherwise;
  }

  private static byte[] bytes(JsonNode node) {
    return node == null || node.isNull() ? null : Base64.getDecoder().decode(node.asText());
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }

  private static void print(ObjectNode line) throws IOException {
    OUT.println(JSON.writeValueAsString(line));
  }

  /** The error and its causes, in one line. */
  private static String words(Throwable error) {
    List<String> words = new ArrayList<>();
    for (Throwable one = error; one != null; one = one.getCause()) {
      if (!(one instanceof ExecutionException)) words.add(one.getClass().getSimpleName() + ": " + one.getMessage());
    }
    return String.join("; ", words);
  }
}
