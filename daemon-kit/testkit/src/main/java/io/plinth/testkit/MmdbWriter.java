package io.plinth.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes a MaxMind DB (format 2.0, records of 24 bits) of a few networks. IPv4 networks stand below {@code ::/96}, as in
 * the databases that are sold; of two networks that overlap the longer prefix wins, in whatever order they were put.
 *
 * <pre>{@code
 * new MmdbWriter("Test-Country").put("192.0.2.0/24", Map.of("country_code", "DE")).write(file);
 * }</pre>
 */
public final class MmdbWriter {
    private static final byte[] METADATA = {
        (byte) 0xAB, (byte) 0xCD, (byte) 0xEF, 'M', 'a', 'x', 'M', 'i', 'n', 'd', '.', 'c', 'o', 'm'
    };
    /** Bytes of zero between tree and data, which every pointer into the data counts. */
    private static final int SEPARATOR = 16;

    private static final int RECORD_BITS = 24;

    private final String type;
    private final List<Network> networks = new ArrayList<>();

    /** A network, its address as 16 bytes. */
    private record Network(byte[] address, int prefix, Map<String, ?> data) {}

    /** A node of the tree: each side is null, a node, or the data of a network. */
    private static final class Node {
        private final @Nullable Object[] sides = new Object[2];
    }

    /** A database that calls itself this. */
    public MmdbWriter(String type) {
        this.type = type;
    }

    /**
     * Adds a network with its record: values are strings, whole numbers not below 0, doubles, booleans, lists or maps.
     */
    public MmdbWriter put(String network, Map<String, ?> data) {
        int slash = network.indexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException("network: " + network + " (expected: ADDRESS/PREFIX)");
        }
        InetAddress address = InetAddress.ofLiteral(network.substring(0, slash));
        int prefix = Integer.parseInt(network.substring(slash + 1));
        byte[] bytes = new byte[16];
        byte[] given = address.getAddress();
        System.arraycopy(given, 0, bytes, 16 - given.length, given.length);
        networks.add(new Network(bytes, address instanceof Inet4Address ? prefix + 96 : prefix, data));
        return this;
    }

    /** Writes the file. */
    public Path write(Path file) throws IOException {
        return Files.write(file, bytes());
    }

    /** The file's bytes. */
    public byte[] bytes() {
        Node root = new Node();
        networks.stream().sorted(Comparator.comparingInt(Network::prefix)).forEach(network -> insert(root, network));
        List<Node> nodes = new ArrayList<>();
        number(root, nodes);
        Map<Node, Integer> numbers = new HashMap<>();
        nodes.forEach(node -> numbers.put(node, numbers.size()));

        Encoder data = new Encoder();
        Map<Object, Integer> offsets = new HashMap<>();
        Encoder file = new Encoder();
        for (Node node : nodes) {
            for (Object side : node.sides) {
                file.number(record(side, numbers, offsets, data), RECORD_BITS / 8);
            }
        }
        file.raw(new byte[SEPARATOR]);
        file.raw(data.bytes());
        file.raw(METADATA);
        file.value(metadata(nodes.size()));
        return file.bytes();
    }

    private static void insert(Node root, Network network) {
        Node node = root;
        for (int bit = 0; bit < network.prefix - 1; bit++) {
            int side = side(network, bit);
            Object next = node.sides[side];
            if (!(next instanceof Node)) {
                Node below = new Node();
                below.sides[0] = next;
                below.sides[1] = next;
                node.sides[side] = below;
                next = below;
            }
            node = (Node) next;
        }
        node.sides[side(network, network.prefix - 1)] = network.data;
    }

    private static int side(Network network, int bit) {
        return network.address[bit >> 3] >> (7 - (bit & 7)) & 1;
    }

    private static void number(Node node, List<Node> into) {
        into.add(node);
        for (Object side : node.sides) {
            if (side instanceof Node below) {
                number(below, into);
            }
        }
    }

    private static int record(
            @Nullable Object side, Map<Node, Integer> numbers, Map<Object, Integer> offsets, Encoder data) {
        return switch (side) {
            case null -> numbers.size();
            case Node node -> numbers.getOrDefault(node, numbers.size());
            default ->
                numbers.size()
                        + SEPARATOR
                        + offsets.computeIfAbsent(side, value -> {
                            int at = data.size();
                            data.value(value);
                            return at;
                        });
        };
    }

    private Map<String, Object> metadata(int nodes) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("node_count", nodes);
        metadata.put("record_size", new Uint16(RECORD_BITS));
        metadata.put("ip_version", new Uint16(6));
        metadata.put("database_type", type);
        metadata.put("languages", List.of("en"));
        metadata.put("binary_format_major_version", new Uint16(2));
        metadata.put("binary_format_minor_version", new Uint16(0));
        metadata.put("build_epoch", 1_767_225_600L);
        metadata.put("description", Map.of("en", "written for a test"));
        return metadata;
    }

    /** A number the format wants in 16 bits. */
    private record Uint16(int value) {}

    /** The data section's encoding: a control byte of type and size, then the value. */
    private static final class Encoder {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        int size() {
            return out.size();
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        void raw(byte[] bytes) {
            out.writeBytes(bytes);
        }

        void number(long value, int bytes) {
            for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
                out.write((int) (value >> shift));
            }
        }

        void value(Object value) {
            switch (value) {
                case String text -> {
                    byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
                    control(2, bytes.length);
                    raw(bytes);
                }
                case Double number -> {
                    control(3, 8);
                    number(Double.doubleToLongBits(number), 8);
                }
                case Uint16 number -> unsigned(5, number.value);
                case Integer number -> unsigned(6, number);
                case Long number -> unsigned(9, number);
                case Boolean flag -> control(14, flag ? 1 : 0);
                case Map<?, ?> map -> {
                    control(7, map.size());
                    map.forEach((key, element) -> {
                        value(String.valueOf(key));
                        value(element);
                    });
                }
                case List<?> list -> {
                    control(11, list.size());
                    list.forEach(this::value);
                }
                default ->
                    throw new IllegalArgumentException("value: " + value + " (expected: string, number, list, map)");
            }
        }

        private void unsigned(int type, long value) {
            if (value < 0) {
                throw new IllegalArgumentException("number: " + value + " (expected: not below 0)");
            }
            int bytes = (Long.SIZE - Long.numberOfLeadingZeros(value) + 7) / 8;
            control(type, bytes);
            number(value, bytes);
        }

        private void control(int type, int size) {
            int small = size < 29 ? size : size < 285 ? 29 : 30;
            if (size >= 65_821) {
                throw new IllegalArgumentException("size: " + size + " (expected: below 65821)");
            }
            if (type <= 7) {
                out.write(type << 5 | small);
            } else {
                out.write(small);
                out.write(type - 7);
            }
            if (small == 29) {
                out.write(size - 29);
            } else if (small == 30) {
                number(size - 285, 2);
            }
        }
    }
}
