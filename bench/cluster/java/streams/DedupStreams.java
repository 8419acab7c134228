import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/** Drops records whose eventId was seen before; store=key-value|window. */
final class DedupStreams {
  private static final String STORE = "seen";
  private static final Duration WINDOW = Duration.ofDays(7);

  public static void main(String[] arguments) throws Exception {
    StreamsProgram program = new StreamsProgram(arguments);
    Schema writer = new Schema.Parser().parse(new File(program.given("schema")));
    program.run(topology(program, writer, program.given("store").equals("window")));
  }

  private static Topology topology(StreamsProgram program, Schema writer, boolean window) {
    ByteArrayDeserializer asBytes = new ByteArrayDeserializer();
    ByteArraySerializer fromBytes = new ByteArraySerializer();
    Topology topology = new Topology();
    topology.addSource("orders", asBytes, asBytes, program.given("input"));
    topology.addProcessor("unique", () -> window ? new InWindow(program, writer) : new ByKey(program, writer), "orders");
    if (window) topology.addStateStore(windowStore(), "unique");
    else topology.addStateStore(keyValueStore(), "unique");
    return topology.addSink("distinct", program.given("output"), fromBytes, fromBytes, "unique");
  }

  private static StoreBuilder<KeyValueStore<String, Long>> keyValueStore() {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), Serdes.String(), Serdes.Long());
  }

  private static StoreBuilder<WindowStore<String, Long>> windowStore() {
    return Stores.windowStoreBuilder(
        Stores.persistentWindowStore(STORE, WINDOW, WINDOW, false), Serdes.String(), Serdes.Long());
  }

  private abstract static class Dedup implements Processor<byte[], byte[], byte[], byte[]> {
    private final StreamsProgram program;
    private final EventIds ids;
    private ProcessorContext<byte[], byte[]> context;

    Dedup(StreamsProgram program, Schema writer) {
      this.program = program;
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
      if (isNew(ids.of(record.value()), record.timestamp())) {
        context.forward(record);
        program.wrote();
      }
      program.processed();
    }
  }

  /** Ids are kept for ever. */
  private static final class ByKey extends Dedup {
    private KeyValueStore<String, Long> seen;

    ByKey(StreamsProgram program, Schema writer) {
      super(program, writer);
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

    InWindow(StreamsProgram program, Schema writer) {
      super(program, writer);
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
