import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * A program of Kafka Streams that ends when TOTAL records are processed and committed.
 *
 * <p>bootstrap= input= output= total= group= state= schema=, what else the program wants, and stream.NAME=VALUE for
 * settings of Kafka Streams.
 */
final class StreamsProgram {
  private final Map<String, String> given = new HashMap<>();
  private final CountDownLatch done = new CountDownLatch(1);
  private final long total;

  /** Written by the one stream thread. */
  private long records;

  private long written;

  StreamsProgram(String[] arguments) {
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      given.put(pair[0], pair[1]);
    }
    total = Long.parseLong(given.get("total"));
  }

  String given(String name) {
    return given.get(name);
  }

  /** A record of the input is processed. */
  void processed() {
    if (++records == total) done.countDown();
  }

  /** A record is written. */
  void wrote() {
    written++;
  }

  void run(Topology topology) throws InterruptedException {
    Properties properties = new Properties();
    properties.put(StreamsConfig.APPLICATION_ID_CONFIG, given.get("group"));
    properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given.get("bootstrap"));
    properties.put(StreamsConfig.STATE_DIR_CONFIG, given.get("state"));
    properties.put("auto.offset.reset", "earliest");
    given.forEach(
        (name, value) -> {
          if (name.startsWith("stream.")) properties.put(name.substring("stream.".length()), value);
        });
    KafkaStreams streams = new KafkaStreams(topology, properties);
    Throwable[] failure = new Throwable[1];
    streams.setUncaughtExceptionHandler(
        error -> {
          failure[0] = error;
          done.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    streams.start();
    done.await();
    if (!streams.close(Duration.ofSeconds(60))) throw new IllegalStateException("it did not close within a minute");
    if (failure[0] != null) throw new IllegalStateException(failure[0]);
    System.out.println("{\"records\":" + records + ",\"written\":" + written + "}");
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
