import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import java.util.function.BiConsumer;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.SessionWindowedKStream;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindowedKStream;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * What Kafka Streams itself makes of records, by its TopologyTestDriver. A line of JSON is a case: a topology, and the
 * records that are piped into it, one by one. The answer is a line with all that was sent, by the index of the record
 * that caused it, and how many times each record was counted as dropped.
 */
final class StreamsWitness {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Stores in memory forget to the millisecond, some windows even before they are closed; those on disk, which are the
   * default, by segments of a minute or more.
   */
  private static final Duration RETENTION = Duration.ofDays(1);

  private static final Serde<JsonNode> VALUES =
      Serdes.serdeFrom(
          (Serializer<JsonNode>) (topic, value) -> value == null ? null : bytes(value),
          (Deserializer<JsonNode>) (topic, bytes) -> bytes == null ? null : json(bytes));

  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        out.println(JSON.writeValueAsString(new StreamsWitness(JSON.readTree(line)).answer()));
      } catch (RuntimeException error) {
        out.println(JSON.writeValueAsString(JSON.createObjectNode().put("error", error.toString())));
      }
    }
  }

  private final JsonNode what;
  private final ArrayNode sent = JSON.createArrayNode();
  private int index;

  private StreamsWitness(JsonNode what) {
    this.what = what;
  }

  private ObjectNode answer() throws IOException {
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, JsonNode> in = builder.stream("in", Consumed.with(Serdes.String(), VALUES));
    if (what.has("join")) join(builder, in);
    else aggregate(in.groupByKey(Grouped.with(Serdes.String(), VALUES)));
    ArrayNode dropped = JSON.createArrayNode();
    try (TopologyTestDriver driver =
        new TopologyTestDriver(builder.build(), settings(), Instant.ofEpochMilli(0))) {
      for (JsonNode record : what.get("records")) {
        double before = droppedSoFar(driver);
        TestInputTopic<String, JsonNode> topic =
            driver.createInputTopic(record.path("topic").asText("in"), new StringSerializer(), VALUES.serializer());
        JsonNode value = record.get("value");
        topic.pipeInput(text(record.get("key")), value.isNull() ? null : value, record.get("time").asLong());
        // Results of closed windows are looked for at most once a second.
        driver.advanceWallClockTime(Duration.ofSeconds(2));
        dropped.add((long) (droppedSoFar(driver) - before));
        index++;
      }
    }
    ObjectNode answer = JSON.createObjectNode();
    answer.set("sent", sent);
    answer.set("dropped", dropped);
    return answer;
  }

  private static Properties settings() throws IOException {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "witness");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:1");
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("streams-witness").toString());
    return settings;
  }

  private static double droppedSoFar(TopologyTestDriver driver) {
    double sum = 0;
    for (Map.Entry<MetricName, ?> metric : driver.metrics().entrySet()) {
      if (!metric.getKey().name().equals("dropped-records-total")) continue;
      sum += (double) ((org.apache.kafka.common.Metric) metric.getValue()).metricValue();
    }
    return sum;
  }

  private void aggregate(KGroupedStream<String, JsonNode> grouped) {
    JsonNode window = what.get("window");
    Duration grace = Duration.ofMillis(window.path("grace").asLong());
    switch (window.get("kind").asText()) {
      case "none" -> collect(
          grouped.aggregate(Folds::start, Folds::add, this.<KeyValueStore<Bytes, byte[]>>stored()).toStream(),
          (record, key) -> record.put("key", key));
      case "hopping" -> windows(
          grouped.windowedBy(
              TimeWindows.ofSizeAndGrace(millis(window, "size"), grace).advanceBy(millis(window, "every"))));
      case "sliding" -> windows(
          grouped.windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(millis(window, "size"), grace)));
      case "session" -> sessions(
          grouped.windowedBy(SessionWindows.ofInactivityGapAndGrace(millis(window, "gap"), grace)));
      default -> throw new IllegalArgumentException(window.toString());
    }
  }

  private void windows(TimeWindowedKStream<String, JsonNode> windowed) {
    Materialized<String, JsonNode, WindowStore<Bytes, byte[]>> store = stored();
    TimeWindowedKStream<String, JsonNode> sending =
        emit().equals("close") ? windowed.emitStrategy(EmitStrategy.onWindowClose()) : windowed;
    windowed(sending.aggregate(Folds::start, Folds::add, store.withRetention(RETENTION)));
  }

  private void sessions(SessionWindowedKStream<String, JsonNode> windowed) {
    Materialized<String, JsonNode, SessionStore<Bytes, byte[]>> store = stored();
    SessionWindowedKStream<String, JsonNode> sending =
        emit().equals("close") ? windowed.emitStrategy(EmitStrategy.onWindowClose()) : windowed;
    windowed(sending.aggregate(Folds::start, Folds::add, Folds::merge, store.withRetention(RETENTION)));
  }

  private void windowed(KTable<Windowed<String>, JsonNode> table) {
    KTable<Windowed<String>, JsonNode> results =
        emit().equals("suppress")
            ? table.suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
            : table;
    collect(
        results.toStream(),
        (record, key) ->
            record.put("key", key.key()).put("from", key.window().start()).put("to", key.window().end()));
  }

  private void join(StreamsBuilder builder, KStream<String, JsonNode> in) {
    ValueJoiner<JsonNode, JsonNode, JsonNode> joiner =
        (value, row) -> ((ObjectNode) value.deepCopy()).set("row", row == null ? JSON.nullNode() : row);
    Consumed<String, JsonNode> rows = Consumed.with(Serdes.String(), VALUES);
    boolean left = what.get("join").asText().equals("left");
    KStream<String, JsonNode> joined;
    if (what.path("global").asBoolean()) {
      GlobalKTable<String, JsonNode> table = builder.globalTable("table", rows, Materialized.as(Stores.inMemoryKeyValueStore("rows")));
      joined = left ? in.leftJoin(table, (key, value) -> key, joiner) : in.join(table, (key, value) -> key, joiner);
    } else {
      KTable<String, JsonNode> table = builder.table("table", rows, stored());
      joined = left ? in.leftJoin(table, joiner) : in.join(table, joiner);
    }
    collect(joined, (record, key) -> record.put("key", key));
  }

  private String emit() {
    return what.path("emit").asText("update");
  }

  private <S extends org.apache.kafka.streams.processor.StateStore> Materialized<String, JsonNode, S> stored() {
    return Materialized.<String, JsonNode, S>with(Serdes.String(), VALUES)
        .withStoreType(Materialized.StoreType.IN_MEMORY);
  }

  private <K> void collect(KStream<K, JsonNode> results, BiConsumer<ObjectNode, K> withKey) {
    results.process(
        () ->
            new ContextualProcessor<K, JsonNode, Void, Void>() {
              @Override
              public void process(Record<K, JsonNode> result) {
                ObjectNode record = JSON.createObjectNode().put("at", index);
                withKey.accept(record, result.key());
                record.put("time", result.timestamp()).set("value", result.value());
                sent.add(record);
              }
            });
  }

  private static Duration millis(JsonNode window, String name) {
    return Duration.ofMillis(window.get(name).asLong());
  }

  private static String text(JsonNode key) {
    return key.isNull() ? null : key.asText();
  }

  private static byte[] bytes(JsonNode value) {
    try {
      return JSON.writeValueAsBytes(value);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static JsonNode json(byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
