package io.plinth.geodns.zone;

import java.io.IOException;

/** Where the files come from that a zone file includes. */
@FunctionalInterface
interface Includes {
    /** Gives an included file. */
    Included open(String path) throws IOException;

    /**
     * An included file.
     *
     * @param name for problems
     * @param text its octets read as ISO 8859-1
     * @param nested opens what it includes in turn
     */
    record Included(String name, String text, Includes nested) {}

    /** For text that is no file. */
    Includes NONE = path -> {
        throw new IOException("no files beside this text");
    };
}
