import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.io.JsonEncoder;

/**
 * Apache Avro for Java with the wire format of Confluent's serializers. `write ID SCHEMA`: lines of Avro's JSON to
 * base64. `read URL [SCHEMA]`: the other way about; the schema that a value was written with comes from the registry.
 */
final class AvroWitness {
  private static final HttpClient http = HttpClient.newHttpClient();

  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Schema given = arguments.length > 2 ? new Schema.Parser().parse(arguments[2]) : null;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(arguments[0].equals("write") ? write(Integer.parseInt(arguments[1]), given, line) : read(arguments[1], given, line));
    }
  }

  private static String write(int id, Schema schema, String line) throws IOException {
    Object value = new GenericDatumReader<>(schema).read(null, DecoderFactory.get().jsonDecoder(schema, line));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(0);
    bytes.write(ByteBuffer.allocate(4).putInt(id).array());
    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
    new GenericDatumWriter<>(schema).write(value, encoder);
    encoder.flush();
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static String read(String url, Schema reader, String line) throws Exception {
    byte[] bytes = Base64.getDecoder().decode(line);
    if (bytes[0] != 0) throw new IOException("no magic byte");
    Schema writer = schemaOf(url, ByteBuffer.wrap(bytes, 1, 4).getInt());
    Schema seenAs = reader == null ? writer : reader;
    Object value = new GenericDatumReader<>(writer, seenAs).read(null, DecoderFactory.get().binaryDecoder(bytes, 5, bytes.length - 5, null));
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    JsonEncoder encoder = EncoderFactory.get().jsonEncoder(seenAs, json);
    new GenericDatumWriter<>(seenAs).write(value, encoder);
    encoder.flush();
    return json.toString(StandardCharsets.UTF_8);
  }

  private static Schema schemaOf(String url, int id) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + id)).build();
    String answer = http.send(request, HttpResponse.BodyHandlers.ofString()).body();
    return new Schema.Parser().parse(new com.fasterxml.jackson.databind.ObjectMapper().readTree(answer).get("schema").textValue());
  }
}
