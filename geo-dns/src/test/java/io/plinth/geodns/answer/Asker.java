package io.plinth.geodns.answer;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.plinth.geodns.policy.CountryDatabase;
import io.plinth.geodns.policy.GeoIndex;
import io.plinth.geodns.policy.GeoPolicy;
import io.plinth.geodns.policy.GeoSource;
import io.plinth.geodns.policy.Policies;
import io.plinth.geodns.policy.Regions;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.zone.Zone;
import io.plinth.geodns.zone.ZoneException;
import io.plinth.geodns.zone.ZoneLimits;
import io.plinth.geodns.zone.ZoneParser;
import io.plinth.geodns.zone.Zones;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private byte[] source = {127, 0, 0, 1};

    public Asker(Snapshot snapshot) {
        this.responder = new Responder(new Answerer(), 1232, () -> snapshot, counters);
    }

    /** Zones by name and text, without policies. */
    public static Asker of(Map<String, String> zones) {
        return new Asker(snapshot(zones, Map.of(), new Regions(Map.of()), null));
    }

    public static Snapshot snapshot(
            Map<String, String> zones,
            Map<String, GeoPolicy> policies,
            Regions regions,
            @Nullable CountryDatabase database) {
        Map<Name, GeoPolicy> byName = new HashMap<>();
        policies.forEach((name, policy) -> byName.put(Name.parse(name), policy));
        List<Zone> parsed = new ArrayList<>();
        zones.forEach((name, text) -> parsed.add(zone(name, text, byName)));
        GeoIndex index = database == null ? GeoIndex.NONE : GeoIndex.compile(database, regions);
        return new Snapshot(
                new Zones(parsed),
                new Policies(index, byName, target -> true),
                new GeoSource(regions, database, index, "test"));
    }

    private static Zone zone(String name, String text, Map<Name, GeoPolicy> byName) {
        try {
            return ZoneParser.parse(Name.parse(name), text, new ZoneLimits(10_000, 1_000), byName.keySet());
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
        ByteBuf response =
                responder.message(Unpooled.wrappedBuffer(query.toWire()), source, UnpooledByteBufAllocator.DEFAULT);
        if (response == null) {
            throw new AssertionError("no answer to " + query);
        }
        byte[] octets = octets(response.skipBytes(2));
        return message(octets);
    }

    /** The response's octets, or null where there is none. */
    public byte @Nullable [] datagram(byte[] query) {
        ByteBuf in = Unpooled.wrappedBuffer(query);
        ByteBuf response = responder.datagram(in, source, UnpooledByteBufAllocator.DEFAULT);
        return response == null ? null : octets(response);
    }

    private static byte[] octets(ByteBuf buffer) {
        byte[] octets = new byte[buffer.readableBytes()];
        buffer.readBytes(octets).release();
        return octets;
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
