import java.io.IOException;

/**
 * A Cassandra node that dies with the process that started it: standard input is a pipe from there, and its end,
 * however it came about, halts this JVM. Its settings are system properties, as always with Cassandra.
 */
final class Node {
  public static void main(String[] arguments) {
    Thread watch = new Thread(Node::haltWithParent, "parent-watch");
    watch.setDaemon(true);
    watch.start();
    org.apache.cassandra.service.CassandraDaemon.main(arguments);
  }

  private static void haltWithParent() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException gone) {
      // As good as an end.
    }
    Runtime.getRuntime().halt(143);
  }
}
