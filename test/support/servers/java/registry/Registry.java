import java.io.IOException;

/**
 * A schema registry that dies with the process that started it: standard input is a pipe from there, and its end,
 * however it came about, halts this JVM. Its settings are system properties.
 */
final class Registry {
  public static void main(String[] arguments) throws ReflectiveOperationException {
    Thread watch = new Thread(Registry::haltWithParent, "parent-watch");
    watch.setDaemon(true);
    watch.start();
    Class<?> server = Class.forName("io.quarkus.runner.GeneratedMain");
    server.getMethod("main", String[].class).invoke(null, (Object) arguments);
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
