package io.plinth.geodns.gdnsd;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A table whose keys, where it has them not, are those of the tables around it. Immutable. */
record Scope(Vscf.Table table, @Nullable Scope outer) {
    Scope within(Vscf.Table inner) {
        return new Scope(inner, this);
    }

    @Nullable
    Vscf find(String key) {
        Vscf own = table.find(key);
        return own != null || outer == null ? own : outer.find(key);
    }

    Vscf.Mark at() {
        return table.at();
    }

    /** A string, or {@code usual} where there is none. */
    String text(String key, String usual) throws GdnsdException {
        Vscf found = find(key);
        return found == null ? usual : text(key, found);
    }

    static String text(String key, Vscf value) throws GdnsdException {
        if (value instanceof Vscf.Text text) {
            return text.text();
        }
        throw new GdnsdException(value.at(), key + ": several values (expected: one)");
    }

    int number(String key, int usual) throws GdnsdException {
        Vscf found = find(key);
        return found == null ? usual : number(key, found);
    }

    static int number(String key, Vscf value) throws GdnsdException {
        String text = text(key, value);
        if (!text.matches("\\d{1,9}")) {
            throw new GdnsdException(value.at(), key + ": " + text + " (expected: a whole number)");
        }
        return Integer.parseInt(text);
    }

    boolean isSet(String key) throws GdnsdException {
        return text(key, "false").toLowerCase(Locale.ROOT).equals("true");
    }

    /** Strings of an array, or the one that stands for an array of one. */
    static List<String> texts(String key, Vscf value) throws GdnsdException {
        List<String> texts = new ArrayList<>();
        if (value instanceof Vscf.Items items) {
            for (Vscf item : items.items()) {
                texts.add(text(key, item));
            }
        } else {
            texts.add(text(key, value));
        }
        return texts;
    }

    static Vscf.Table table(String key, Vscf value) throws GdnsdException {
        if (value instanceof Vscf.Table table) {
            return table;
        }
        throw new GdnsdException(value.at(), key + ": one value (expected: keys and values in braces)");
    }
}
