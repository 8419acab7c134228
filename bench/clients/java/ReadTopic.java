import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads a topic over and over: BOOTSTRAP TOPIC PARTITIONS TOTAL SECONDS HEADERS [PROPERTY=VALUE ...] */
final class ReadTopic {
  public static void main(String[] arguments) {
    List<TopicPartition> partitions = new ArrayList<>();
    for (int n = 0; n < Integer.parseInt(arguments[2]); n++) partitions.add(new TopicPartition(arguments[1], n));
    long total = Long.parseLong(arguments[3]);
    long end = System.nanoTime() + (long) (Double.parseDouble(arguments[4]) * 1e9);
    boolean withHeaders = Boolean.parseBoolean(arguments[5]);
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    for (int n = 6; n < arguments.length; n++) {
      String[] pair = arguments[n].split("=", 2);
      properties.put(pair[0], pair[1]);
    }
    ByteArrayDeserializer asBytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, asBytes, asBytes)) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long records = 0;
      long bytes = 0;
      long left = total;
      while (System.nanoTime() < end) {
        ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> record : polled) {
          bytes += record.value().length;
          if (withHeaders) bytes += traceBytes(record);
        }
        records += polled.count();
        left -= polled.count();
        if (left <= 0) {
          consumer.seekToBeginning(partitions);
          left = total;
        }
      }
      System.out.println("{\"records\":" + records + ",\"bytes\":" + bytes + "}");
      System.out.flush();
      Runtime.getRuntime().halt(0);
    }
  }

  private static int traceBytes(ConsumerRecord<byte[], byte[]> record) {
    Header header = record.headers().lastHeader("trace");
    return header == null ? 0 : header.value().length;
  }
}
