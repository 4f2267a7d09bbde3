package io.plinth.kvcache.admin.info;

import java.util.Locale;

/** Lines as INFO has them. Owned by one call. */
final class InfoText {
    private static final String UNITS = "BKMGTP";

    private final StringBuilder text = new StringBuilder();

    void section(String name) {
        text.append(text.isEmpty() ? "# " : "\r\n# ").append(name).append("\r\n");
    }

    void line(String name, Object value) {
        text.append(name).append(':').append(value).append("\r\n");
    }

    /** Names whose value is 0 here. */
    void zeros(String... names) {
        for (String name : names) {
            line(name, 0);
        }
    }

    void ratio(String name, double value) {
        line(name, String.format(Locale.ROOT, "%.2f", value));
    }

    void percent(String name, long part, long whole) {
        line(name, String.format(Locale.ROOT, "%.2f%%", whole <= 0 ? 100.0 : 100.0 * part / whole));
    }

    /** Bytes, and behind them as people read them. */
    void bytes(String name, long bytes) {
        line(name, bytes);
        line(name + "_human", human(bytes));
    }

    static String human(long bytes) {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < UNITS.length() - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + "B" : String.format(Locale.ROOT, "%.2f%c", value, UNITS.charAt(unit));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
