import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Functions over the field "amount" of values, as one would write them for Kafka Streams: `n` counts the records, the
 * others pass over values that are null.
 */
final class Folds {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Folds() {}

  static JsonNode start() {
    return JSON.createObjectNode().put("n", 0).set("list", JSON.createArrayNode());
  }

  static JsonNode add(String key, JsonNode value, JsonNode sum) {
    ArrayNode list = sum.get("list").deepCopy();
    JsonNode amount = value == null ? null : value.get("amount");
    if (amount != null && !amount.isNull()) list.add(amount.asLong());
    return with(sum.get("n").asLong() + 1, list);
  }

  static JsonNode merge(String key, JsonNode earlier, JsonNode later) {
    ArrayNode list = earlier.get("list").deepCopy();
    list.addAll((ArrayNode) later.get("list"));
    return with(earlier.get("n").asLong() + later.get("n").asLong(), list);
  }

  private static ObjectNode with(long n, ArrayNode list) {
    long sum = 0;
    long min = Long.MAX_VALUE;
    long max = Long.MIN_VALUE;
    Set<Long> set = new LinkedHashSet<>();
    for (JsonNode each : list) {
      long amount = each.asLong();
      sum += amount;
      min = Math.min(min, amount);
      max = Math.max(max, amount);
      set.add(amount);
    }
    ObjectNode result = JSON.createObjectNode().put("n", n).put("amounts", list.size());
    result.set("list", list);
    ArrayNode distinct = result.putArray("set");
    set.forEach(distinct::add);
    if (list.isEmpty()) return result.putNull("sum").putNull("min").putNull("max").putNull("avg");
    return result.put("sum", sum).put("min", min).put("max", max).put("avg", (double) sum / list.size());
  }
}
