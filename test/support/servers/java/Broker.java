import java.io.IOException;
import java.util.Arrays;

/**
 * A Kafka broker that dies with the process that started it: standard input is a pipe from there, and its end,
 * however it came about, halts this JVM.
 *
 * <p>Arguments: the properties file, and after it those of `kafka-storage format` where the storage is new.
 */
final class Broker {
  public static void main(String[] arguments) throws Exception {
    Thread watch = new Thread(Broker::haltWithParent, "parent-watch");
    watch.setDaemon(true);
    watch.start();

    if (arguments.length > 1) {
      format(arguments);
    }
    kafka.Kafka.main(new String[] {arguments[0]});
  }

  private static void haltWithParent() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException gone) {
      // As good as an end.
    }
    Runtime.getRuntime().halt(143);
  }

  /** In this JVM, since a JVM of its own would cost another second. */
  private static void format(String[] arguments) throws Exception {
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
    String[] command = new String[rest.length + 3];
    command[0] = "format";
    command[1] = "--config";
    command[2] = arguments[0];
    System.arraycopy(rest, 0, command, 3, rest.length);
    int status = kafka.tools.StorageTool.execute(command, System.out);
    if (status != 0) {
      System.exit(status);
    }
  }
}
