package io.plinth.geodns.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.util.NetUtil;
import io.plinth.geodns.answer.Answerer;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.place.GeoIndex;
import io.plinth.geodns.place.Place;
import io.plinth.geodns.place.PlaceDatabase;
import io.plinth.geodns.place.Point;
import io.plinth.geodns.policy.Client;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.policy.Member;
import io.plinth.geodns.policy.Policy;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.zone.RdataText;
import io.plinth.geodns.zone.Zone;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Why one client is answered what it is, as JSON: the data path's own answer, and the steps it took on the way. */
final class Explanation {
    private final Snapshot snapshot;
    private final Health health;

    Explanation(Snapshot snapshot, Health health) {
        this.snapshot = snapshot;
        this.health = health;
    }

    String of(Name name, int type, byte[] address) throws IOException {
        Client client = Client.traced(new SplittableRandom());
        Query query = new Query();
        query.ask(name, type);
        Response response = new Response();
        new Answerer(client).answer(snapshot, query, address, response);
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("name", name.toString());
            json.writeStringField("type", RecordType.name(type));
            json.writeStringField("from", NetUtil.bytesToIpAddress(address));
            Zone zone = snapshot.zones().find(query, 0);
            json.writeStringField("zone", zone == null ? null : zone.origin().toString());
            place(json, address);
            json.writeArrayFieldStart("steps");
            for (String step : client.steps()) {
                json.writeString(step);
            }
            json.writeEndArray();
            for (Policy policy : snapshot.policies().all()) {
                if (policy.number() == response.policy()) {
                    policy(json, policy, response, address);
                }
            }
            json.writeStringField("rcode", response.code().name());
            json.writeBooleanField("authoritative", response.authoritative());
            json.writeNumberField("scope", response.scope());
            response.unready(query, zone == null ? null : zone.negative());
            records(json, "answer", response.answer());
            records(json, "authority", response.authority());
            json.writeEndObject();
        }
        return text.append('\n').toString();
    }

    private void place(JsonGenerator json, byte[] address) throws IOException {
        PlaceDatabase places = snapshot.geo().places();
        PlaceDatabase systems = snapshot.geo().systems();
        InetAddress at = InetAddress.getByAddress(address);
        Place place = places == null ? null : places.place(at);
        Long system = systems == null ? null : systems.system(at);
        json.writeStringField("database", snapshot.geo().state());
        json.writeStringField("country", place == null ? null : place.country());
        json.writeStringField("continent", place == null ? null : place.continent());
        if (place != null && !place.subdivisions().isEmpty()) {
            json.writeStringField("subdivisions", String.join("/", place.subdivisions()));
        }
        if (place != null && place.city() != null) {
            json.writeStringField("city", place.city());
        }
        Point point = place == null ? null : place.point();
        if (point != null) {
            json.writeStringField("coordinates", point.latitude() + ", " + point.longitude());
        }
        if (system != null) {
            json.writeNumberField("asn", system);
        }
    }

    private void policy(JsonGenerator json, Policy policy, Response response, byte[] address) throws IOException {
        PlaceDatabase places = snapshot.geo().places();
        PlaceDatabase systems = snapshot.geo().systems();
        InetAddress at = InetAddress.getByAddress(address);
        json.writeStringField("policy", policy.name());
        json.writeStringField("by", policy.by().toString());
        json.writeStringField("region", member(response.member()));
        json.writeStringField(
                "rule",
                policy.rule(places == null ? null : places.place(at), systems == null ? null : systems.system(at)));
        json.writeBooleanField("all-down", snapshot.policies().allDown(policy));
        GeoIndex index = policy.index();
        List<Integer> order =
                index == null ? List.of() : index.orders().get(index.find(address, address.length * 8) >>> 8);
        json.writeArrayFieldStart("regions");
        for (int number : order) {
            member(json, policy.members().get(number));
        }
        for (int i = 0; i < policy.members().size(); i++) {
            if (!order.contains(i)) {
                member(json, policy.members().get(i));
            }
        }
        json.writeEndArray();
    }

    private @Nullable String member(int number) {
        for (Policy policy : snapshot.policies().all()) {
            for (Member member : policy.members()) {
                if (member.number() == number) {
                    return member.name();
                }
            }
        }
        return null;
    }

    private void member(JsonGenerator json, Member member) throws IOException {
        json.writeStartObject();
        json.writeStringField("region", member.name());
        if (member.policy() != null) {
            json.writeStringField("policy", member.policy());
        }
        json.writeObjectFieldStart("targets");
        for (Target target : member.targets()) {
            json.writeStringField(target.address(), health.healthy(target) ? "healthy" : "down");
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void records(JsonGenerator json, String field, Response.Section section) throws IOException {
        json.writeArrayFieldStart(field);
        for (int i = 0; i < section.size(); i++) {
            RecordSet set = section.set(i);
            for (Rdata data : set.records()) {
                json.writeString(section.owner(i) + " " + set.ttl() + " IN " + RecordType.name(set.type()) + " "
                        + RdataText.format(set.type(), data));
            }
        }
        json.writeEndArray();
    }
}
