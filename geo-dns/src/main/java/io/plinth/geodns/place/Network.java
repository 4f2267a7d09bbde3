package io.plinth.geodns.place;

import io.netty.util.NetUtil;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A network whose clients are served in an order of its own, whatever databases say. Immutable.
 *
 * @param address 4 or 16 octets
 */
public record Network(byte[] address, int prefix, List<Integer> order) {
    /**
     * A network written {@code 192.0.2.0/24}.
     *
     * @throws IllegalArgumentException saying what was expected
     */
    public static Network parse(String text, List<Integer> order) {
        int slash = text.indexOf('/');
        byte[] address = NetUtil.createByteArrayFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
        if (address != null) {
            int bits = address.length * 8;
            String digits = slash < 0 ? String.valueOf(bits) : text.substring(slash + 1);
            int prefix = digits.matches("\\d{1,3}") ? Integer.parseInt(digits) : bits + 1;
            if (prefix <= bits && clean(address, prefix)) {
                return new Network(address, prefix, List.copyOf(order));
            }
        }
        throw new IllegalArgumentException(
                "network: " + text + " (expected: as in 192.0.2.0/24, without bits beyond the prefix)");
    }

    /** Whether an address is in it. */
    public boolean contains(byte[] other) {
        if (other.length != address.length) {
            return false;
        }
        for (int bit = 0; bit < prefix; bit++) {
            if (((address[bit >>> 3] ^ other[bit >>> 3]) >>> (7 - (bit & 7)) & 1) != 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean clean(byte[] address, int prefix) {
        for (int bit = prefix; bit < address.length * 8; bit++) {
            if ((address[bit >>> 3] >>> (7 - (bit & 7)) & 1) != 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Network network
                && prefix == network.prefix
                && Arrays.equals(address, network.address)
                && order.equals(network.order);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(address) * 31 + prefix;
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(address) + "/" + prefix + " " + order;
    }
}
