import io.sentry.Sentry;

import java.io.StringWriter;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Files;
import java.nio.file.Path;

/** Starts the SDK, which writes what it would send into a file, and then the program named by the first argument. */
public class Program {
    public static void main(String[] arguments) throws Throwable {
        Sentry.init(options -> {
            options.setDsn("http://key@127.0.0.1:9/1");
            options.setBeforeSend((event, hint) -> {
                try {
                    StringWriter text = new StringWriter();
                    options.getSerializer().serialize(event, text);
                    Files.writeString(Path.of(System.getenv("SDK_EVENT")), text.toString());
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
                return null;
            });
        });
        // A method handle brings no frames and no exception of its own into the trace.
        MethodHandles.lookup().findStatic(Class.forName(arguments[0]), "main", MethodType.methodType(void.class, String[].class))
            .invokeExact(new String[0]);
    }
}
