import java.util.List;
import java.util.stream.Collectors;

public class Plain {
    static class Till {
        int rate(String currency) {
            if (!currency.equals("EUR"))
                throw new IllegalArgumentException("no rate for " + currency);
            return 1;
        }

        List<Integer> settle(List<Integer> lines, String currency) {
            return lines.stream().map(price -> price * rate(currency)).collect(Collectors.toList());
        }
    }

    public static void main(String[] arguments) {
        new Till().settle(List.of(2, 3), "GBP");
    }
}

// expect IllegalArgumentException | no rate for GBP | main:18 > settle:13 > lambda$settle$0:13 > rate:8
