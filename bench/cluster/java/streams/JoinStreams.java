import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

/** Joins orders with their customers; table= is the topic of the customers, whose values are JSON and stay bytes. */
final class JoinStreams {
  private static final Serde<byte[]> BYTES = Serdes.ByteArray();

  public static void main(String[] arguments) throws Exception {
    StreamsProgram program = new StreamsProgram(arguments);
    Orders orders = new Orders(new Schema.Parser().parse(new File(program.given("schema"))));
    StreamsBuilder builder = new StreamsBuilder();
    KTable<byte[], byte[]> customers =
        builder.table(program.given("table"), Consumed.with(BYTES, BYTES), Materialized.with(BYTES, BYTES));
    builder.stream(program.given("input"), Consumed.with(BYTES, BYTES))
        .peek((key, value) -> program.processed())
        .join(customers, orders::joined, Joined.with(BYTES, BYTES, BYTES))
        .peek((key, value) -> program.wrote())
        .to(program.given("output"), Produced.with(BYTES, BYTES));
    Properties optimized = new Properties();
    optimized.put(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
    program.run(builder.build(optimized));
  }

  /** Reads data.orderId and data.total alone: a reader schema of two fields, so that the rest is skipped. */
  private static final class Orders {
    private static final int HEADER = 5;
    private final GenericDatumReader<GenericRecord> reader;
    private BinaryDecoder decoder;
    private GenericRecord record;

    Orders(Schema writer) {
      Schema data = writer.getField("data").schema();
      Schema brief =
          SchemaBuilder.record(data.getName())
              .namespace(data.getNamespace())
              .fields()
              .requiredString("orderId")
              .requiredDouble("total")
              .endRecord();
      Schema projection =
          SchemaBuilder.record(writer.getName())
              .namespace(writer.getNamespace())
              .fields()
              .name("data")
              .type(brief)
              .noDefault()
              .endRecord();
      reader = new GenericDatumReader<>(writer, projection);
    }

    byte[] joined(byte[] value, byte[] customer) {
      try {
        decoder = DecoderFactory.get().binaryDecoder(value, HEADER, value.length - HEADER, decoder);
        record = reader.read(record, decoder);
        GenericRecord order = (GenericRecord) record.get(0);
        String text = "{\"order\":\"" + order.get(0) + "\",\"total\":" + order.get(1) + ",\"customer\":";
        ByteArrayOutputStream json = new ByteArrayOutputStream(text.length() + customer.length + 1);
        json.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        json.writeBytes(customer);
        json.write('}');
        return json.toByteArray();
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }
  }
}
