package io.plinth.geodns.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.netty.util.NetUtil;
import io.plinth.geodns.answer.Answerer;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.policy.Choice;
import io.plinth.geodns.policy.Choices;
import io.plinth.geodns.policy.Continent;
import io.plinth.geodns.policy.Countries;
import io.plinth.geodns.policy.CountryDatabase;
import io.plinth.geodns.policy.GeoIndex;
import io.plinth.geodns.policy.Regions;
import io.plinth.geodns.policy.Target;
import io.plinth.geodns.wire.Decoded;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.Question;
import io.plinth.geodns.wire.Rdata;
import io.plinth.geodns.wire.RecordSet;
import io.plinth.geodns.wire.RecordType;
import io.plinth.geodns.wire.Response;
import io.plinth.geodns.zone.Node;
import io.plinth.geodns.zone.Zone;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Why one client is answered what it is, as JSON: the real answerer's answer beside the steps that lead to it. */
final class Explanation {
    private final Snapshot snapshot;
    private final Predicate<Target> healthy;
    private final Answerer answerer;

    Explanation(Snapshot snapshot, Predicate<Target> healthy, Answerer answerer) {
        this.snapshot = snapshot;
        this.healthy = healthy;
        this.answerer = answerer;
    }

    String of(Name name, int type, byte[] address) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.useDefaultPrettyPrinter();
            json.writeStartObject();
            json.writeStringField("name", name.toString());
            json.writeStringField("type", RecordType.name(type));
            json.writeStringField("ip", NetUtil.bytesToIpAddress(address));
            Response response = new Response();
            Question question = new Question(name, type, Question.IN);
            answerer.answer(snapshot, new Decoded.Query(0, 0, question, null), address, response);
            Zone zone = snapshot.zones().find(name);
            json.writeStringField("zone", zone == null ? null : zone.origin().toString());
            Choices choices = zone == null ? null : policy(zone, response, name, type);
            if (choices != null) {
                policy(json, choices, address);
            }
            json.writeStringField("rcode", response.code().name());
            json.writeBooleanField("authoritative", response.authoritative());
            json.writeNumberField("scope", response.scope());
            records(json, "answer", response.answer());
            records(json, "authority", response.authority());
            json.writeEndObject();
        }
        return text.append('\n').toString();
    }

    /** The policy at the end of the alias chain that was answered, or null. */
    private @Nullable Choices policy(Zone zone, Response response, Name name, int type) {
        Name at = name;
        for (int i = 0; i < response.answer().size(); i++) {
            RecordSet set = response.answer().set(i);
            Name target = set.records().getFirst().target();
            if (set.type() == RecordType.CNAME && target != null) {
                at = target;
            }
        }
        Node node = at.isAtOrBelow(zone.origin()) ? zone.find(at, type) : null;
        return node == null || !node.isPolicy() ? null : snapshot.policies().find(node.name());
    }

    private void policy(JsonGenerator json, Choices choices, byte[] address) throws IOException {
        GeoIndex index = snapshot.policies().index();
        int order = index.find(address, address.length * 8) >>> 8;
        CountryDatabase database = snapshot.geo().database();
        String country = database == null ? null : database.country(InetAddress.getByAddress(address));
        Continent continent = country == null ? null : Countries.continent(country);
        Choice choice = choices.at(order);
        json.writeStringField("policy", choices.policy().name());
        json.writeStringField("database", snapshot.geo().state());
        json.writeStringField("country", country);
        json.writeStringField("continent", continent == null ? null : continent.name());
        json.writeStringField("region", choice.region());
        json.writeStringField("rule", rule(choice.region(), order, country));
        json.writeBooleanField("all-down", choice.allDown());
        json.writeArrayFieldStart("regions");
        for (String region : choices.policy().regions(order, index.orders())) {
            json.writeStartObject();
            json.writeStringField("region", region);
            json.writeStringField("rule", rule(region, order, country));
            json.writeObjectFieldStart("targets");
            for (Target target : choices.policy().targets()) {
                if (target.region().equals(region)) {
                    json.writeStringField(target.address(), healthy.test(target) ? "healthy" : "down");
                }
            }
            json.writeEndObject();
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private String rule(String region, int order, @Nullable String country) {
        Regions.Rule rule = order == GeoIndex.UNKNOWN || country == null
                ? Regions.Rule.DEFAULT
                : snapshot.geo().regions().rule(region, country);
        return rule.name().toLowerCase(Locale.ROOT);
    }

    private static void records(JsonGenerator json, String field, Response.Section section) throws IOException {
        json.writeArrayFieldStart(field);
        for (int i = 0; i < section.size(); i++) {
            RecordSet set = section.set(i);
            for (Rdata data : set.records()) {
                json.writeString(section.owner(i) + " " + set.ttl() + " IN " + RecordType.name(set.type()) + " "
                        + text(set.type(), data));
            }
        }
        json.writeEndArray();
    }

    private static String text(int type, Rdata data) {
        Name target = data.target();
        if (type == RecordType.A || type == RecordType.AAAA) {
            return NetUtil.bytesToIpAddress(data.octets());
        }
        if (target != null && data.length() == target.length()) {
            return target.toString();
        }
        return "\\# " + data.length() + " " + HexFormat.of().formatHex(data.octets());
    }
}
