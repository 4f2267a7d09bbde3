package io.plinth.lbproxy.snapshot;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetSocketAddress;
import java.util.List;

/** The networks of the proxies in front of this one, whose X-Forwarded headers are kept. Immutable. */
public final class TrustedProxies {
    private final List<String> networks;
    private final List<IpSubnetFilterRule> rules;

    /**
     * Trusts the given networks.
     *
     * @param networks {@code address/prefix} each
     * @throws IllegalArgumentException naming the one that is none
     */
    public TrustedProxies(List<String> networks) {
        this.networks = List.copyOf(networks);
        rules = networks.stream().map(TrustedProxies::rule).toList();
    }

    private static IpSubnetFilterRule rule(String network) {
        int slash = network.indexOf('/');
        try {
            if (slash < 0) {
                throw new IllegalArgumentException("no prefix length");
            }
            int prefix = Integer.parseInt(network, slash + 1, network.length(), 10);
            return new IpSubnetFilterRule(network.substring(0, slash), prefix, IpFilterRuleType.ACCEPT);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("network: " + network + " (expected: address/prefix, as 10.0.0.0/8)", e);
        }
    }

    /** Whether an address is in one of them. */
    public boolean contains(InetSocketAddress address) {
        for (IpSubnetFilterRule rule : rules) {
            if (rule.matches(address)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TrustedProxies that && networks.equals(that.networks);
    }

    @Override
    public int hashCode() {
        return networks.hashCode();
    }
}
