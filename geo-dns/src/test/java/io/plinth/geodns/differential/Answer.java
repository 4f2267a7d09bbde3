package io.plinth.geodns.differential;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.EDNSOption;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** What a server answered, taken apart so that two answers can be compared piece by piece; null octets for none. */
final class Answer {
    private static final int[] SECTIONS = {Section.ANSWER, Section.AUTHORITY, Section.ADDITIONAL};
    private static final String[] SHORT = {"an", "au", "ad"};
    private static final int COOKIE = 10;

    private final byte @Nullable [] octets;
    private final Message message;
    private final @Nullable OPTRecord opt;

    Answer(byte @Nullable [] octets) throws IOException {
        this.octets = octets;
        // Some answer to half a header with half a header.
        this.message = octets == null || octets.length < 12 ? new Message() : new Message(octets);
        this.opt = message.getOPT();
    }

    boolean isTruncated() {
        return message.getHeader().getFlag(Flags.TC);
    }

    int length() {
        return octets == null ? 0 : octets.length;
    }

    /** The question as it came back, octet by octet. */
    byte[] question() {
        if (octets == null || octets.length < 12 || message.getHeader().getCount(Section.QUESTION) == 0) {
            return new byte[0];
        }
        return new Question(octets, "", 0, false, "").section();
    }

    /** What kind of an answer it is, for those to whom the question was nothing special. */
    String kind() {
        if (octets == null) {
            return "silence";
        }
        int code = message.getRcode();
        if (isTruncated() || (code != Rcode.NOERROR && code != Rcode.NXDOMAIN)) {
            return isTruncated() ? "truncated" : Rcode.string(code).toLowerCase(Locale.ROOT);
        }
        List<Record> answers = message.getSection(Section.ANSWER);
        long aliases =
                answers.stream().filter(each -> each.getType() == Type.CNAME).count();
        boolean renamed = answers.stream().anyMatch(each -> each.getType() == Type.DNAME);
        boolean soa = message.getSection(Section.AUTHORITY).stream().anyMatch(each -> each.getType() == Type.SOA);
        boolean cut = message.getSection(Section.AUTHORITY).stream().anyMatch(each -> each.getType() == Type.NS);
        String last = code == Rcode.NXDOMAIN ? "nxdomain" : soa ? "nodata" : cut ? "referral" : "positive";
        return renamed ? "dname-" + last : aliases > 4 ? "aliases-" + last : aliases > 0 ? "alias-" + last : last;
    }

    /** Every piece in which this answer is another than {@code theirs}; {@code +} has only this one, {@code -} the other. */
    Set<String> differences(Answer theirs) {
        Set<String> found = new TreeSet<>();
        if (octets == null || theirs.octets == null) {
            sign(found, octets != null, theirs.octets != null, "answer");
            return found;
        }
        if (octets.length < 12 || theirs.octets.length < 12) {
            found.add("header");
            return found;
        }
        if (message.getRcode() != theirs.message.getRcode()) {
            found.add(Rcode.string(message.getRcode()) + ">" + Rcode.string(theirs.message.getRcode()));
        }
        if (message.getHeader().getOpcode() != theirs.message.getHeader().getOpcode()) {
            found.add("opcode");
        }
        for (int flag = 0; flag < 16; flag++) {
            if (Flags.isFlag(flag)) {
                sign(
                        found,
                        message.getHeader().getFlag(flag),
                        theirs.message.getHeader().getFlag(flag),
                        Flags.string(flag));
            }
        }
        if (message.getHeader().getID() != theirs.message.getHeader().getID()) {
            found.add("id");
        }
        if (!Arrays.equals(question(), theirs.question())) {
            sign(found, question().length > 0, theirs.question().length > 0, "question");
            if (question().length > 0 && theirs.question().length > 0) {
                found.add("question");
            }
        }
        if (!isTruncated() && !theirs.isTruncated()) {
            for (int i = 0; i < SECTIONS.length; i++) {
                section(found, SHORT[i], records(SECTIONS[i]), theirs.records(SECTIONS[i]));
            }
        }
        edns(found, theirs);
        return found;
    }

    private static void sign(Set<String> found, boolean ours, boolean theirs, String what) {
        if (ours != theirs) {
            found.add((ours ? "+" : "-") + what);
        }
    }

    private static void section(Set<String> found, String section, List<String> ours, List<String> theirs) {
        for (String each : ours) {
            if (!theirs.contains(each)) {
                found.add(section + "+" + each.split(" ", 2)[0]);
            }
        }
        for (String each : theirs) {
            if (!ours.contains(each)) {
                found.add(section + "-" + each.split(" ", 2)[0]);
            }
        }
        if (ours.size() != theirs.size()
                && ours.stream().sorted().distinct().toList().equals(theirs)) {
            found.add(section + "+twice");
        }
    }

    private List<String> records(int section) {
        List<String> records = new ArrayList<>();
        for (Record each : message.getSection(section)) {
            if (each.getType() != Type.OPT) {
                records.add(Type.string(each.getType()) + " "
                        + each.getName().toString().toLowerCase(Locale.ROOT) + " " + each.getTTL() + " "
                        + each.getDClass() + " " + HexFormat.of().formatHex(each.rdataToWireCanonical()));
            }
        }
        return records;
    }

    private void edns(Set<String> found, Answer theirs) {
        sign(found, opt != null, theirs.opt != null, "opt");
        if (opt == null || theirs.opt == null) {
            return;
        }
        if (opt.getVersion() != theirs.opt.getVersion()) {
            found.add("opt-version");
        }
        if (opt.getFlags() != theirs.opt.getFlags()) {
            found.add("opt-flags");
        }
        if (opt.getPayloadSize() != theirs.opt.getPayloadSize()) {
            found.add("opt-size");
        }
        section(found, "option", options(opt), options(theirs.opt));
    }

    private static List<String> options(OPTRecord record) {
        List<String> options = new ArrayList<>();
        for (EDNSOption option : record.getOptions()) {
            byte[] data = option.toWire();
            // Each server has a time and a secret of its own in its cookies.
            options.add(EDNSOption.Code.string(option.getCode()) + " "
                    + (option.getCode() == COOKIE
                            ? HexFormat.of().formatHex(data, 4, 12) + "+" + data.length
                            : HexFormat.of().formatHex(data)));
        }
        return options;
    }

    @Override
    public String toString() {
        return octets == null ? "no answer" : message.toString();
    }
}
