import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Writes records that were made beforehand and counts acknowledgements: BOOTSTRAP TOPIC SECONDS VALUE-BYTES PATTERN
 * TRANSACTION-RECORDS [PROPERTY=VALUE ...]; with 0 records in a transaction it writes without transactions.
 */
final class WriteTopic {
  private static final int POOL = 10_000;

  public static void main(String[] arguments) {
    String topic = arguments[1];
    long end = System.nanoTime() + (long) (Double.parseDouble(arguments[2]) * 1e9);
    int inTransaction = Integer.parseInt(arguments[5]);
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    for (int n = 6; n < arguments.length; n++) {
      String[] pair = arguments[n].split("=", 2);
      properties.put(pair[0], pair[1]);
    }
    byte[][] keys = new byte[POOL][];
    byte[][] values = new byte[POOL][];
    for (int n = 0; n < POOL; n++) {
      keys[n] = String.format("customer-%05d", n * 7919L % 100_000).getBytes(StandardCharsets.UTF_8);
      String value = n + ": " + arguments[4];
      values[n] = value.substring(0, Integer.parseInt(arguments[3])).getBytes(StandardCharsets.UTF_8);
    }
    AtomicLong acknowledged = new AtomicLong();
    AtomicLong bytes = new AtomicLong();
    ByteArraySerializer asBytes = new ByteArraySerializer();
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, asBytes, asBytes);
    if (inTransaction > 0) producer.initTransactions();
    long sent = 0;
    do {
      if (inTransaction > 0) producer.beginTransaction();
      int burst = inTransaction > 0 ? inTransaction : 1000;
      for (int n = 0; n < burst; n++) {
        int row = (int) (sent++ % POOL);
        producer.send(
            new ProducerRecord<>(topic, keys[row], values[row]),
            (metadata, error) -> {
              if (error != null) throw new IllegalStateException(error);
              acknowledged.incrementAndGet();
              bytes.addAndGet(metadata.serializedValueSize());
            });
      }
      if (inTransaction > 0) producer.commitTransaction();
    } while (System.nanoTime() < end);
    producer.flush();
    if (acknowledged.get() != sent) throw new IllegalStateException((sent - acknowledged.get()) + " not acknowledged");
    System.out.println("{\"records\":" + acknowledged + ",\"bytes\":" + bytes + "}");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
