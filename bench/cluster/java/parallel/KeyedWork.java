import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.confluent.parallelconsumer.internal.DrainingCloseable.DrainingMode;
import io.confluent.parallelconsumer.reactor.ReactorProcessor;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import reactor.core.publisher.Mono;

/**
 * Works on each record for WAIT ms, in order within a key, and ends when TOTAL records are done and committed.
 *
 * <p>bootstrap= input= total= group= keys= wait= concurrency= mode=threads|reactor, and consumer.NAME=VALUE.
 */
final class KeyedWork {
  private final long total;
  private final long waitMs;
  private final AtomicLong records = new AtomicLong();
  private final AtomicLong outOfOrder = new AtomicLong();
  private final AtomicLong atOnce = new AtomicLong();
  private final AtomicIntegerArray busy;
  private final AtomicLongArray last;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile long doneAt;

  private KeyedWork(Map<String, String> given) {
    total = Long.parseLong(given.get("total"));
    waitMs = Long.parseLong(given.get("wait"));
    int keys = Integer.parseInt(given.get("keys"));
    busy = new AtomicIntegerArray(keys);
    last = new AtomicLongArray(keys);
    for (int key = 0; key < keys; key++) last.set(key, -1);
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> given = new HashMap<>();
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      given.put(pair[0], pair[1]);
    }
    KeyedWork work = new KeyedWork(given);
    ParallelConsumerOptions<String, byte[]> options =
        ParallelConsumerOptions.<String, byte[]>builder()
            .consumer(consumer(given))
            .ordering(ProcessingOrder.KEY)
            .maxConcurrency(Integer.parseInt(given.get("concurrency")))
            .build();
    if (given.get("mode").equals("reactor")) work.react(options, given.get("input"));
    else work.block(options, given.get("input"));
    double closing = (System.nanoTime() - work.doneAt) / 1e9;
    System.out.println(
        "{\"closingSeconds\":" + closing + ",\"records\":" + work.records + ",\"outOfOrder\":" + work.outOfOrder + ",\"atOnce\":" + work.atOnce + "}");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static KafkaConsumer<String, byte[]> consumer(Map<String, String> given) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", given.get("bootstrap"));
    properties.put("group.id", given.get("group"));
    properties.put("auto.offset.reset", "earliest");
    properties.put("enable.auto.commit", "false");
    given.forEach((name, value) -> {
      if (name.startsWith("consumer.")) properties.put(name.substring("consumer.".length()), value);
    });
    return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
  }

  private void block(ParallelConsumerOptions<String, byte[]> options, String topic) throws InterruptedException {
    ParallelStreamProcessor<String, byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
    processor.subscribe(List.of(topic));
    processor.poll(context -> {
      ConsumerRecord<String, byte[]> record = context.getSingleConsumerRecord();
      int key = begin(record);
      try {
        Thread.sleep(waitMs);
      } catch (InterruptedException error) {
        throw new IllegalStateException(error);
      }
      end(key);
    });
    done.await();
    processor.close(Duration.ofSeconds(30), DrainingMode.DRAIN);
  }

  private void react(ParallelConsumerOptions<String, byte[]> options, String topic) throws Exception {
    ReactorProcessor<String, byte[]> processor = new ReactorProcessor<>(options);
    processor.subscribe(List.of(topic));
    processor.react(context -> {
      int key = begin(context.getSingleConsumerRecord());
      return Mono.delay(Duration.ofMillis(waitMs)).doOnNext(tick -> end(key));
    });
    done.await();
    processor.close(Duration.ofSeconds(30), DrainingMode.DRAIN);
  }

  /** A key's records lie in one partition: their offsets say their order. */
  private int begin(ConsumerRecord<String, byte[]> record) {
    int key = Integer.parseInt(record.key(), record.key().indexOf('-') + 1, record.key().length(), 10);
    if (!busy.compareAndSet(key, 0, 1)) atOnce.incrementAndGet();
    if (last.getAndSet(key, record.offset()) >= record.offset()) outOfOrder.incrementAndGet();
    return key;
  }

  private void end(int key) {
    busy.set(key, 0);
    if (records.incrementAndGet() == total) {
      doneAt = System.nanoTime();
      done.countDown();
    }
  }
}
