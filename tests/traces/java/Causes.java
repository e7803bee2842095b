import java.io.IOException;

public class Causes {
    static class Refused extends RuntimeException {
        Refused(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static class Line implements AutoCloseable {
        void charge() throws IOException {
            throw new IOException("no line to the bank");
        }

        @Override
        public void close() {
            throw new IllegalStateException("the line is not open");
        }
    }

    static void pay() {
        try (Line line = new Line()) {
            line.charge();
        } catch (IOException e) {
            throw new Refused("the bank does not answer\nafter 3 tries", e);
        }
    }

    public static void main(String[] arguments) {
        pay();
    }
}

// expect IllegalStateException | the line is not open | main:30 > pay:22 > close:17
// expect IOException | no line to the bank | main:30 > pay:23 > charge:12
// expect Causes$Refused | the bank does not answer\nafter 3 tries | main:30 > pay:25
