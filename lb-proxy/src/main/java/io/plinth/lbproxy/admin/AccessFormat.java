package io.plinth.lbproxy.admin;

/** How a request becomes a line. One per event loop. */
@FunctionalInterface
public interface AccessFormat {
    /** Appends one line, its end included. */
    void write(AccessEntry entry, long millis, LogLines out);

    /** The formats the file can name. */
    enum Kind {
        COMMON,
        COMBINED,
        JSON;

        AccessFormat create() {
            return switch (this) {
                case COMMON -> new CombinedFormat(false);
                case COMBINED -> new CombinedFormat(true);
                case JSON -> new JsonFormat();
            };
        }
    }
}
