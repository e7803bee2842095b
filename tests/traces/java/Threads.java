import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

public class Threads {
    static int half(int n) {
        return n / 0;
    }

    static int wait(ExecutorService tills) {
        try {
            return tills.submit(() -> half(4)).get();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    public static void main(String[] arguments) throws Exception {
        ExecutorService tills = Executors.newFixedThreadPool(1, job -> {
            Thread thread = new Thread(job, "till 1");
            thread.setDaemon(true);
            return thread;
        });
        wait(tills);
    }
}

// expect ArithmeticException | / by zero | lambda$wait$0:12 > half:7
// expect ExecutionException | java.lang.ArithmeticException: / by zero | main:24 > wait:12
// expect AssertionError | java.util.concurrent.ExecutionException: java.lang.ArithmeticException: / by zero | main:24 > wait:14
