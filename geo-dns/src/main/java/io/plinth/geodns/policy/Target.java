package io.plinth.geodns.policy;

import io.netty.util.NetUtil;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Rdata;
import java.util.Arrays;

/**
 * One address, or one name elsewhere, that a policy may answer.
 *
 * @param policy the policy's name
 * @param region the member of the policy it belongs to, as a region of the stack
 * @param address as the file has it
 */
public record Target(String policy, String region, String address) {
    /** Whether a text is an address a target may have. */
    public static boolean isAddress(String text) {
        return NetUtil.isValidIpV4Address(text) || (text.indexOf('%') < 0 && NetUtil.isValidIpV6Address(text));
    }

    /** Whether a text is a name a target may have: one that ends with a dot, so that no mistyped address is one. */
    public static boolean isName(String text) {
        if (!text.endsWith(".") || text.length() == 1) {
            return false;
        }
        try {
            return !Name.parse(text).isWildcard();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Whether a text is this address or name, in whatever form it may be written. */
    public boolean isAt(String text) {
        if (isName()) {
            return isName(text) && Name.parse(text).equals(Name.parse(address));
        }
        return isAddress(text)
                && Arrays.equals(
                        NetUtil.createByteArrayFromIpAddressString(text),
                        NetUtil.createByteArrayFromIpAddressString(address));
    }

    /** Whether it is answered as an alias (CNAME). */
    public boolean isName() {
        return address.endsWith(".");
    }

    public boolean isIpv4() {
        return NetUtil.isValidIpV4Address(address);
    }

    Rdata data() {
        if (isName()) {
            return Rdata.of(Name.parse(address));
        }
        byte[] octets = NetUtil.createByteArrayFromIpAddressString(address);
        if (octets == null) {
            throw new IllegalArgumentException("target: " + address + " (expected: an IP address)");
        }
        return Rdata.of(octets);
    }
}
