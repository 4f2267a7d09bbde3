package io.plinth.geodns.policy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Addresses to the order of regions that serves them, compiled from a country database: nothing of the database is
 * touched for an answer. Networks that are served alike are one, so the scope of an answer is as wide as it can be.
 * Immutable.
 */
public final class GeoIndex {
    /** The order of clients whose country is not known. */
    public static final int UNKNOWN = 0;

    /** Knows no address. */
    public static final GeoIndex NONE = new GeoIndex(
            new PrefixTable.Builder().build(), new PrefixTable.Builder().build(), List.of(List.of()), Map.of());

    private static final int IPV4_OCTETS = 4;

    private final PrefixTable ipv4;
    private final PrefixTable ipv6;
    private final List<List<String>> orders;
    private final Map<String, Integer> byCountry;

    private GeoIndex(PrefixTable ipv4, PrefixTable ipv6, List<List<String>> orders, Map<String, Integer> byCountry) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.orders = List.copyOf(orders);
        this.byCountry = Map.copyOf(byCountry);
    }

    /** Compiles; a second or so for a whole world of countries, so never on an event loop. */
    public static GeoIndex compile(CountryDatabase database, Regions regions) {
        List<List<String>> orders = new ArrayList<>();
        orders.add(List.of());
        Map<List<String>, Integer> numbers = new HashMap<>();
        Map<String, Integer> byCountry = new HashMap<>();
        PrefixTable.Builder ipv4 = new PrefixTable.Builder();
        PrefixTable.Builder ipv6 = new PrefixTable.Builder();
        database.forEach((address, prefix, country) -> {
            Integer number = byCountry.get(country);
            if (number == null) {
                // A code that is no country (EU, AP, ZZ) says no more than no code at all.
                number = UNKNOWN;
                if (Countries.continent(country) != null) {
                    List<String> order = regions.order(country);
                    number = numbers.getOrDefault(order, orders.size());
                    if (numbers.putIfAbsent(order, number) == null) {
                        orders.add(order);
                    }
                }
                byCountry.put(country, number);
            }
            (address.length == IPV4_OCTETS ? ipv4 : ipv6).put(address, prefix, number);
        });
        return new GeoIndex(ipv4.build(), ipv6.build(), orders, byCountry);
    }

    /**
     * Looks an address up.
     *
     * @param address 4 or 16 octets
     * @param bits how many of them are the client's
     * @return the number of its order shifted left by 8, and how many bits of the address decided
     */
    public int find(byte[] address, int bits) {
        if (address.length == IPV4_OCTETS) {
            return ipv4.find(address);
        }
        if (orders.size() == 1) {
            return UNKNOWN;
        }
        int offset = EmbeddedIpv4.offset(address);
        if (offset < 0 || bits <= offset * 8) {
            return ipv6.find(address);
        }
        return ipv4.find(EmbeddedIpv4.extract(address, offset)) + offset * 8;
    }

    /** Every order of regions there is, by number; empty for {@link #UNKNOWN}, where each policy has its own. */
    public List<List<String>> orders() {
        return orders;
    }

    /** The number of the order that serves a country. */
    public int orderOf(String country) {
        return byCountry.getOrDefault(country, UNKNOWN);
    }

    /** Branches of the compiled tables, for reports. */
    public int size() {
        return ipv4.size() + ipv6.size();
    }
}
