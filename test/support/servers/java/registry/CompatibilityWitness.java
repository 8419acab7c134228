import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.SchemaCompatibility.Incompatibility;
import org.apache.avro.SchemaCompatibility.SchemaCompatibilityResult;

/**
 * What Apache Avro for Java says of pairs of schemas: lines of {"writer": SCHEMA, "reader": SCHEMA} to lines of
 * {"verdict": "COMPATIBLE"|"INCOMPATIBLE"|"ERROR", "problems": ["TYPE_MISMATCH /fields/0/type", …]}.
 */
final class CompatibilityWitness {
  private static final ObjectMapper json = new ObjectMapper();

  public static void main(String[] arguments) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(json.writeValueAsString(judge(json.readTree(line))));
    }
  }

  private static ObjectNode judge(JsonNode pair) {
    ObjectNode answer = json.createObjectNode();
    ArrayNode problems = answer.putArray("problems");
    Schema writer = new Schema.Parser().parse(pair.get("writer").toString());
    Schema reader = new Schema.Parser().parse(pair.get("reader").toString());
    try {
      SchemaCompatibilityResult result = SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
      answer.put("verdict", result.getCompatibility().name());
      for (Incompatibility one : result.getIncompatibilities()) {
        problems.add(one.getType().name() + " " + one.getLocation());
      }
    } catch (AvroRuntimeException refused) {
      answer.put("verdict", "ERROR");
    }
    return answer;
  }
}
