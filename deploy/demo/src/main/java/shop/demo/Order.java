package shop.demo;

import org.jspecify.annotations.Nullable;

/**
 * An order of a user.
 *
 * @param receipt which worker sent it and when; null until then
 * @param server the database server that answered
 */
record Order(
        long user,
        long id,
        String product,
        int quantity,
        @Nullable String receipt,
        String server) {}
