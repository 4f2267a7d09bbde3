package io.plinth.geodns.place;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Addresses to the order of members that serves them, compiled from databases, a ranking and networks: nothing of a
 * database is touched for an answer. Networks that are served alike are one, so the scope of an answer is as wide as it
 * can be. Immutable.
 */
public final class GeoIndex {
    /** The order of clients of whom nothing is known. */
    public static final int UNKNOWN = 0;

    private static final int IPV4_OCTETS = 4;

    private final PrefixTable ipv4;
    private final PrefixTable ipv6;
    private final List<List<Integer>> orders;

    private GeoIndex(PrefixTable ipv4, PrefixTable ipv6, List<List<Integer>> orders) {
        this.ipv4 = ipv4;
        this.ipv6 = ipv6;
        this.orders = List.copyOf(orders);
    }

    /** Compiles; a second or so for a whole world of countries, so never on an event loop. */
    public static GeoIndex compile(GeoSource source, Ranking ranking, List<Network> networks) {
        Compiler compiler = new Compiler(ranking.unknown());
        Map<Place, Integer> known = new HashMap<>();
        PlaceDatabase places = source.places();
        if (places != null && ranking.needsPlaces()) {
            places.places((address, prefix, place) -> compiler.put(
                    address, prefix, known.computeIfAbsent(place, each -> compiler.number(ranking.order(each)))));
        }
        PlaceDatabase systems = source.systems();
        if (systems != null && ranking.needsSystems()) {
            systems.systems((address, prefix, system) -> {
                List<Integer> order = ranking.order(system);
                if (order != null) {
                    compiler.put(address, prefix, compiler.number(order));
                }
            });
        }
        networks.stream()
                .sorted(Comparator.comparingInt(Network::prefix))
                .forEach(
                        network -> compiler.put(network.address(), network.prefix(), compiler.number(network.order())));
        return compiler.build();
    }

    /** Owned by the thread that compiles. */
    private static final class Compiler {
        private final PrefixTable.Builder ipv4 = new PrefixTable.Builder();
        private final PrefixTable.Builder ipv6 = new PrefixTable.Builder();
        private final List<List<Integer>> orders = new ArrayList<>();
        private final Map<List<Integer>, Integer> numbers = new HashMap<>();

        Compiler(List<Integer> unknown) {
            number(unknown);
        }

        int number(List<Integer> order) {
            return numbers.computeIfAbsent(order, each -> {
                orders.add(List.copyOf(each));
                return orders.size() - 1;
            });
        }

        void put(byte[] address, int prefix, int number) {
            (address.length == IPV4_OCTETS ? ipv4 : ipv6).put(address, prefix, number);
        }

        GeoIndex build() {
            return new GeoIndex(ipv4.build(), ipv6.build(), orders);
        }
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
            return ipv4.find(address, 0);
        }
        if (orders.size() == 1) {
            return UNKNOWN;
        }
        int offset = EmbeddedIpv4.offset(address);
        if (offset < 0 || bits <= offset * 8) {
            return ipv6.find(address, 0);
        }
        return EmbeddedIpv4.isTeredo(address)
                ? ipv4.find(EmbeddedIpv4.extract(address, offset), 0) + offset * 8
                : ipv4.find(address, offset) + offset * 8;
    }

    /** Every order there is, by number; the first for {@link #UNKNOWN}. */
    public List<List<Integer>> orders() {
        return orders;
    }

    /** Branches of the compiled tables, for reports. */
    public int size() {
        return ipv4.size() + ipv6.size();
    }
}
