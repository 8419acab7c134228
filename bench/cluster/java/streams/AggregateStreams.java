import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Counts orders and sums their totals, by key and minute. */
final class AggregateStreams {
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();
  private static final Duration SIZE = Duration.ofMinutes(1);
  private static final Duration GRACE = Duration.ofSeconds(30);

  public static void main(String[] arguments) throws Exception {
    StreamsProgram program = new StreamsProgram(arguments);
    Totals totals = new Totals(new Schema.Parser().parse(new File(program.given("schema"))));
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(program.given("input"), Consumed.with(BYTES, BYTES))
        .peek((key, value) -> program.processed())
        .groupByKey(Grouped.with(BYTES, BYTES))
        .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, GRACE))
        .aggregate(() -> new byte[16], (key, value, sum) -> added(sum, totals.of(value)), Materialized.with(BYTES, BYTES))
        .toStream()
        .map((window, sum) -> KeyValue.pair(window.key(), json(window.window().start(), sum)))
        .peek((key, value) -> program.wrote())
        .to(program.given("output"), Produced.with(BYTES, BYTES));
    program.run(builder.build(new Properties()));
  }

  /** How many orders (8 bytes), and their sum (8 bytes). */
  private static byte[] added(byte[] sum, double total) {
    ByteBuffer before = ByteBuffer.wrap(sum);
    return ByteBuffer.allocate(16).putLong(before.getLong(0) + 1).putDouble(before.getDouble(8) + total).array();
  }

  private static byte[] json(long from, byte[] sum) {
    ByteBuffer parts = ByteBuffer.wrap(sum);
    String text =
        "{\"from\":" + from + ",\"to\":" + (from + SIZE.toMillis())
            + ",\"orders\":" + parts.getLong(0) + ",\"revenue\":" + parts.getDouble(8) + "}";
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Reads data.total alone: a reader schema of one field, so that the rest is skipped. */
  private static final class Totals {
    private static final int HEADER = 5;
    private final GenericDatumReader<GenericRecord> reader;
    private BinaryDecoder decoder;
    private GenericRecord record;

    Totals(Schema writer) {
      Schema data = writer.getField("data").schema();
      Schema total =
          SchemaBuilder.record(data.getName()).namespace(data.getNamespace()).fields().requiredDouble("total").endRecord();
      Schema projection =
          SchemaBuilder.record(writer.getName())
              .namespace(writer.getNamespace())
              .fields()
              .name("data")
              .type(total)
              .noDefault()
              .endRecord();
      reader = new GenericDatumReader<>(writer, projection);
    }

    double of(byte[] value) {
      try {
        decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
        record = reader.read(record, decoder);
        return (double) ((GenericRecord) record.get(0)).get(0);
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }
}
