package io.plinth.geodns.gdnsd;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A value of gdnsd's configuration language. Immutable. */
sealed interface Vscf {
    /** Where it begins. */
    Mark at();

    /** A file and a line of it, from 1. */
    record Mark(String file, int line) {
        @Override
        public String toString() {
            return file + ":" + line;
        }
    }

    /** A string, as every scalar is. */
    record Text(String text, Mark at) implements Vscf {}

    /** An array. */
    record Items(List<Vscf> items, Mark at) implements Vscf {
        public Items {
            items = List.copyOf(items);
        }
    }

    /** A hash, in the order of the file. */
    record Table(Map<String, Vscf> entries, Mark at) implements Vscf {
        static Table empty(Mark at) {
            return new Table(Map.of(), at);
        }

        @Nullable
        Vscf find(String key) {
            return entries.get(key);
        }
    }
}
