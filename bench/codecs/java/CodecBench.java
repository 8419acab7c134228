import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Apache Avro's generic records: TASK SECONDS WRITER READER, payloads in hex on standard input. */
final class CodecBench {
  interface Turn {
    Object run(int n) throws Exception;
  }

  public static void main(String[] arguments) throws Exception {
    Schema writer = new Schema.Parser().parse(arguments[2]);
    Schema reader = new Schema.Parser().parse(arguments[3]);
    List<byte[]> payloads = new ArrayList<>();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) payloads.add(java.util.HexFormat.of().parseHex(line));
    Turn turn = turnOf(arguments[0], writer, reader, payloads);
    // The compiler has more to warm up than others.
    run(turn, payloads.size(), 3000);
    System.out.println(run(turn, payloads.size(), (long) (Double.parseDouble(arguments[1]) * 1000)));
  }

  static Turn turnOf(String task, Schema writer, Schema reader, List<byte[]> payloads) throws Exception {
    GenericDatumReader<Object> datum = new GenericDatumReader<>(writer, task.equals("resolve") ? reader : writer);
    BinaryDecoder[] decoder = new BinaryDecoder[1];
    if (!task.equals("write")) {
      return n -> {
        decoder[0] = DecoderFactory.get().binaryDecoder(payloads.get(n), decoder[0]);
        return datum.read(null, decoder[0]);
      };
    }
    List<Object> values = new ArrayList<>();
    for (byte[] payload : payloads) values.add(datum.read(null, DecoderFactory.get().binaryDecoder(payload, null)));
    GenericDatumWriter<Object> out = new GenericDatumWriter<>(writer);
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

  static String run(Turn turn, int values, long ms) throws Exception {
    var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long cpu = system.getProcessCpuTime();
    long began = System.nanoTime();
    long count = 0;
    while (System.nanoTime() - began < ms * 1_000_000) {
      for (int n = 0; n < 200; n++) sink = turn.run(n % values);
      count += 200;
    }
    double seconds = (System.nanoTime() - began) / 1e9;
    return String.format(java.util.Locale.ROOT, "{\"perSecond\":%f,\"cpuSeconds\":%f}", count / seconds, (system.getProcessCpuTime() - cpu) / 1e3 / count);
  }
}
