package io.plinth.geodns.answer;

import io.plinth.geodns.guard.Guard;
import io.plinth.geodns.place.GeoSource;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.PolicyNumbers;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneException;
import io.plinth.geodns.zone.ZoneLimits;
import io.plinth.geodns.zone.ZoneParser;
import io.plinth.geodns.zone.Zones;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.DClass;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/** A server without sockets, asked by dnsjava's messages. */
public final class Asker {
    private final Responder responder;
    private final QueryCounters counters = new QueryCounters();
    private final byte[] out = new byte[Responder.OUT];
    private final AtomicLong millis = new AtomicLong();
    private byte[] source = {127, 0, 0, 1};

    public Asker(Snapshot snapshot) {
        this(snapshot, new byte[0]);
    }

    public Asker(Snapshot snapshot, byte[] nsid) {
        this.responder = new Responder(
                new Responder.Settings(1232, nsid, () -> snapshot, QuerySamples.NONE, millis::get),
                counters,
                new SplittableRandom(7));
    }

    /** Time goes on. */
    public void advance(long more) {
        millis.addAndGet(more);
    }

    /** Zones by name and text, without policies. */
    public static Asker of(Map<String, String> zones) {
        return new Asker(snapshot(zones, Map.of(), GeoSource.none("test"), List.of()));
    }

    /** Zones, with policies at some names. */
    public static Snapshot snapshot(
            Map<String, String> zones, Map<String, String> names, GeoSource geo, List<Policy> policies) {
        Map<String, Policy> byName = new HashMap<>();
        policies.forEach(policy -> byName.put(policy.name(), policy));
        Map<Name, Integer> at = new HashMap<>();
        names.forEach((name, policy) -> at.put(
                Name.parse(name), Objects.requireNonNull(byName.get(policy)).number()));
        Map<String, Integer> numbers = new HashMap<>();
        policies.forEach(policy -> numbers.put(policy.name(), policy.number()));
        List<Zone> parsed = new ArrayList<>();
        zones.forEach((name, text) -> parsed.add(zone(name, parsed.size(), text, new PolicyNumbers(numbers, at))));
        return new Snapshot(
                new Zones(parsed, Map.of()), new Policies(byName, Health.GOOD), geo, Guard.OPEN, AddressAliases.NONE);
    }

    private static Zone zone(String name, int number, String text, PolicyNumbers policies) {
        try {
            return ZoneParser.parse(Name.parse(name), number, text, new ZoneLimits(10_000, 1_000), policies);
        } catch (ZoneException e) {
            throw new AssertionError(e);
        }
    }

    /** Queries come from this address from now on. */
    public Asker from(String address) {
        source = InetAddress.ofLiteral(address).getAddress();
        return this;
    }

    public QueryCounters counters() {
        return counters;
    }

    public static Message query(String name, int type) {
        try {
            return Message.newQuery(Record.newRecord(org.xbill.DNS.Name.fromString(name), type, DClass.IN));
        } catch (TextParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    public static Message query(String name, int type, EDNSOption... options) {
        Message query = query(name, type);
        query.addRecord(new OPTRecord(4096, 0, 0, 0, List.of(options)), Section.ADDITIONAL);
        return query;
    }

    public Message ask(String name, int type) {
        return udp(query(name, type));
    }

    public Message udp(Message query) {
        byte[] answer = datagram(query.toWire());
        if (answer == null) {
            throw new AssertionError("no answer to " + query);
        }
        return message(answer);
    }

    public Message tcp(Message query) {
        byte[] octets = query.toWire();
        int written = responder.message(octets, 0, octets.length, source, out);
        if (written == 0) {
            throw new AssertionError("no answer to " + query);
        }
        return message(Arrays.copyOf(out, written));
    }

    /** The response's octets, or null where there is none. */
    public byte @Nullable [] datagram(byte[] query) {
        int written = responder.datagram(query, 0, query.length, source, out);
        return written == 0 ? null : Arrays.copyOf(out, written);
    }

    private static Message message(byte[] octets) {
        try {
            return new Message(octets);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A section's records as {@code name ttl class type data}, sorted. */
    public static List<String> records(Message message, int section) {
        return message.getSection(section).stream()
                .filter(record -> record.getType() != Type.OPT)
                .map(record -> record.getName() + " " + record.getTTL() + " " + Type.string(record.getType()) + " "
                        + record.rdataToString())
                .sorted()
                .toList();
    }
}
