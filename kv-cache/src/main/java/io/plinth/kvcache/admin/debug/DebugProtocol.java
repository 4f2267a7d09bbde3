package io.plinth.kvcache.admin.debug;

import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.wire.ReplyWriter;

/** DEBUG PROTOCOL: one reply of each type, for those who write clients. */
final class DebugProtocol {
    private DebugProtocol() {}

    static void write(ReplyWriter out, String type) {
        switch (type) {
            case "string" -> out.bulk("Hello World");
            case "integer" -> out.integer(12345);
            case "double" -> out.number("3.141");
            case "bignum" -> out.bigNumber("1234567999999999999999999999999999999");
            case "null" -> out.nullBulk();
            case "array" -> {
                out.array(3);
                numbers(out);
            }
            case "set" -> {
                out.set(3);
                numbers(out);
            }
            case "map" -> {
                out.map(3);
                for (int i = 0; i < 3; i++) {
                    out.integer(i);
                    out.truth(i == 1);
                }
            }
            case "attrib" -> {
                if (out.protocol() == 3) {
                    out.attributes(1);
                    out.bulk("key-popularity");
                    out.array(2);
                    out.bulk("key:123");
                    out.integer(90);
                }
                out.bulk("Some real reply following the attribute");
            }
            case "push" -> {
                if (out.protocol() != 3) {
                    throw new CommandException("ERR RESP2 is not supported by this command");
                }
                out.push(2);
                out.bulk("server-cpu-usage");
                out.integer(42);
                out.bulk("Some real reply following the push reply");
            }
            case "verbatim" -> out.verbatim("This is a verbatim\nstring");
            case "true" -> out.truth(true);
            case "false" -> out.truth(false);
            default ->
                throw new CommandException("ERR Wrong protocol type name. Please use one of the following:"
                        + " string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
        }
    }

    private static void numbers(ReplyWriter out) {
        for (int i = 0; i < 3; i++) {
            out.integer(i);
        }
    }
}
