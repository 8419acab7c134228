import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/**
 * Apache Avro's generic records: TASK SECONDS WRITER READER FORM, payloads in hex on standard input. FORM `bytes`: text is Utf8 and
 * decimals are ByteBuffers, both bytes as they came. FORM `values`: String and BigDecimal.
 */
final class CodecBench {
  interface Turn {
    Object run(int n) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    boolean values = arguments[4].equals("values");
    Schema writer = schemaOf(arguments[2], values);
    Schema reader = schemaOf(arguments[3], values);
    List<byte[]> payloads = new ArrayList<>();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) payloads.add(java.util.HexFormat.of().parseHex(line));
    Turn turn = turnOf(arguments[0], writer, reader, payloads, dataOf(values));
    // The compiler has more to warm up than others.
    run(turn, payloads.size(), 5000);
    System.out.println(run(turn, payloads.size(), (long) (Double.parseDouble(arguments[1]) * 1000)));
  }

  static Schema schemaOf(String text, boolean values) {
    Schema schema = new Schema.Parser().parse(text);
    if (values) stringsIn(schema, new HashSet<>());
    return schema;
  }

  /** Asks for java.lang.String wherever there is text, as the compiler of Avro does. */
  static void stringsIn(Schema schema, Set<String> seen) {
    switch (schema.getType()) {
      case STRING -> GenericData.setStringType(schema, GenericData.StringType.String);
      case ARRAY -> stringsIn(schema.getElementType(), seen);
      case MAP -> stringsIn(schema.getValueType(), seen);
      case UNION -> schema.getTypes().forEach(branch -> stringsIn(branch, seen));
      case RECORD -> {
        if (seen.add(schema.getFullName())) schema.getFields().forEach(field -> stringsIn(field.schema(), seen));
      }
      default -> {}
    }
  }

  static GenericData dataOf(boolean values) {
    GenericData data = new GenericData();
    if (values) data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    return data;
  }

  static Turn turnOf(String task, Schema writer, Schema reader, List<byte[]> payloads, GenericData data) throws Exception {
    GenericDatumReader<Object> datum = new GenericDatumReader<>(writer, task.equals("resolve") ? reader : writer, data);
    BinaryDecoder[] decoder = new BinaryDecoder[1];
    if (!task.equals("write")) {
      return n -> {
        decoder[0] = DecoderFactory.get().binaryDecoder(payloads.get(n), decoder[0]);
        return datum.read(null, decoder[0]);
      };
    }
    List<Object> values = new ArrayList<>();
    for (byte[] payload : payloads) values.add(datum.read(null, DecoderFactory.get().binaryDecoder(payload, null)));
    GenericDatumWriter<Object> out = new GenericDatumWriter<>(writer, data);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BinaryEncoder[] encoder = new BinaryEncoder[1];
    return n -> {
      bytes.reset();
      bytes.write(0);
      encoder[0] = EncoderFactory.get().binaryEncoder(bytes, encoder[0]);
      out.write(values.get(n), encoder[0]);
      encoder[0].flush();
      return bytes.toByteArray();
    };
  }

  static volatile Object sink;

  /** Turns for so many milliseconds of the process's CPU. */
  static String run(Turn turn, int values, long ms) throws Exception {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long began = System.nanoTime();
    long count = 0;
    while (system.getProcessCpuTime() - cpu < ms * 1_000_000) {
      for (int n = 0; n < 200; n++) sink = turn.run(n % values);
      count += 200;
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return String.format(java.util.Locale.ROOT, "{\"perSecond\":%f,\"cpuSeconds\":%f}", count / seconds, (system.getProcessCpuTime() - cpu) / 1e3 / count);
  }
}
