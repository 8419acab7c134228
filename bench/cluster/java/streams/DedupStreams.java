import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Drops records whose eventId was seen before, and ends when TOTAL records are processed and committed.
 *
 * <p>bootstrap= input= output= total= group= state= schema= store=key-value|window, and stream.NAME=VALUE for settings
 * of Kafka Streams.
 */
final class DedupStreams {
  private static final String STORE = "seen";
  private static final Duration WINDOW = Duration.ofDays(7);

  private static final Progress progress = new Progress();

  /** Written by the one stream thread. */
  private static final class Progress {
    private long total;
    private long records;
    private long written;
    private final CountDownLatch done = new CountDownLatch(1);

    void processed(boolean passed) {
      if (passed) written++;
      if (++records == total) done.countDown();
    }
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> given = new HashMap<>();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      given.put(pair[0], pair[1]);
    }
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, given.get("group"));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.get("bootstrap"));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, given.get("state"));
    properties.put("auto.offset.reset", "earliest");
    given.forEach((name, value) -> {
      if (name.startsWith("stream.")) properties.put(name.substring("stream.".length()), value);
    });
    progress.total = Long.parseLong(given.get("total"));
    Schema writer = new Schema.Parser().parse(new File(given.get("schema")));
    Topology topology = topology(given, writer, given.get("store").equals("window"));
    KafkaStreams streams = new KafkaStreams(topology, properties);
    Throwable[] failure = new Throwable[1];
    streams.setUncaughtExceptionHandler(error -> {
      failure[0] = error;
      progress.done.countDown();
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    streams.start();
    progress.done.await();
    if (!streams.close(Duration.ofSeconds(60))) throw new IllegalStateException("it did not close within a minute");
    if (failure[0] != null) throw new IllegalStateException(failure[0]);
    System.out.println("{\"records\":" + progress.records + ",\"written\":" + progress.written + "}");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static Topology topology(Map<String, String> given, Schema writer, boolean window) {
    ByteArrayDeserializer asBytes = new ByteArrayDeserializer();
    ByteArraySerializer fromBytes = new ByteArraySerializer();
    Topology topology = new Topology();
    topology.addSource("orders", asBytes, asBytes, given.get("input"));
    topology.addProcessor("unique", () -> window ? new InWindow(writer) : new ByKey(writer), "orders");
    if (window) topology.addStateStore(windowStore(), "unique");
    else topology.addStateStore(keyValueStore(), "unique");
    return topology.addSink("distinct", given.get("output"), fromBytes, fromBytes, "unique");
  }

  private static StoreBuilder<KeyValueStore<String, Long>> keyValueStore() {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.Long());
  }

  private static StoreBuilder<WindowStore<String, Long>> windowStore() {
    return Stores.windowStoreBuilder(
        Stores.persistentWindowStore(STORE, WINDOW, WINDOW, false), Serdes.String(), Serdes.Long());
  }

  private abstract static class Dedup implements Processor<byte[], byte[], byte[], byte[]> {
    private final EventIds ids;
    private ProcessorContext<byte[], byte[]> context;

    Dedup(Schema writer) {
      ids = new EventIds(writer);
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
      open(context);
    }

    abstract void open(ProcessorContext<byte[], byte[]> context);

    abstract boolean isNew(String id, long timestamp);

    @Override
    public void process(Record<byte[], byte[]> record) {
      boolean passes = isNew(ids.of(record.value()), record.timestamp());
      if (passes) context.forward(record);
      progress.processed(passes);
    }
  }

  /** Ids are kept for ever. */
  private static final class ByKey extends Dedup {
    private KeyValueStore<String, Long> seen;

    ByKey(Schema writer) {
      super(writer);
    }

    @Override
    void open(ProcessorContext<byte[], byte[]> context) {
      seen = context.getStateStore(STORE);
    }

    @Override
    boolean isNew(String id, long timestamp) {
      return seen.putIfAbsent(id, timestamp) == null;
    }
  }

  /** Ids are kept for the window, as in Confluent's example of an event deduplication. */
  private static final class InWindow extends Dedup {
    private WindowStore<String, Long> seen;

    InWindow(Schema writer) {
      super(writer);
    }

    @Override
    void open(ProcessorContext<byte[], byte[]> context) {
      seen = context.getStateStore(STORE);
    }

    @Override
    boolean isNew(String id, long timestamp) {
      try (WindowStoreIterator<Long> found = seen.fetch(id, timestamp - WINDOW.toMillis(), timestamp)) {
        if (found.hasNext()) return false;
      }
      seen.put(id, timestamp, timestamp);
      return true;
    }
  }

  /** Reads the eventId alone: a reader schema of one field, so that the rest is skipped. */
  private static final class EventIds {
    private static final int HEADER = 5;
    private final GenericDatumReader<GenericRecord> reader;
    private BinaryDecoder decoder;
    private GenericRecord record;

    EventIds(Schema writer) {
      Schema projection =
          SchemaBuilder.record(writer.getName()).namespace(writer.getNamespace()).fields().requiredString("eventId").endRecord();
      reader = new GenericDatumReader<>(writer, projection);
    }

    String of(byte[] value) {
      try {
        decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
        record = reader.read(record, decoder);
        return record.get(0).toString();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }
}
