package io.plinth.dbproxy.sql;

import java.time.ZoneId;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Days and times that each server reads by its own clock (PostgreSQL, Date/Time Input Interpretation). Stateless. */
public final class RelativeTimes {
    private static final Set<String> RELATIVE = Set.of("now", "today", "tomorrow", "yesterday");
    private static final int LONGEST = 9;
    /** A zone as POSIX writes it has as many letters before its offset. */
    private static final int POSIX_LETTERS = 3;

    /** Words that may stand beside a day's name in a time (datetime.c). */
    private static final Set<String> BESIDE = Set.of("""
        allballs am at on pm t dst sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri
        friday sat saturday
        """.strip().split("\\s+"));

    /** Zones without a place: abbreviations (timezonesets/Default) and short names. A time has one at most. */
    private static final Set<String> ZONES = zones();

    private RelativeTimes() {}

    private static Set<String> zones() {
        Set<String> words = new HashSet<>(List.of("""
            acdt acsst acst act acwst adt aedt aesst aest aft akdt akst almst almt amst amt anast anat arst art ast awsst
            awst azost azot azst azt bdst bdt bnt bort bot bra brst brt bst btt cadt cast cct cdt cest cet cetdst chadt
            chast chut ckt clst clt cot cst cxt davt ddut easst east eat edt eest eet eetdst egst egt est fet fjst fjt
            fkst fkt fnst fnt galt gamt gest get gft gilt gmt gyt hkt hst ict idt iot irkst irkt irt ist jayt jst kdt
            kgst kgt kost krast krat kst lhdt lhst ligt lint lkt magst magt mart mawt mdt mest mesz met metdst mez mht
            mmt mpt msd msk mst must mut mvt myt ndt nft novst novt npt nst nut nzdt nzst nzt omsst omst pdt pet petst
            pett pgt phot pht pkst pkt pmdt pmst pont pst pwt pyst pyt ret sadt sast sct sgt taht tft tjt tkt tmt tot
            trut tvt uct ulast ulat ut utc uyst uyt uzst uzt vet vlast vlat volt vut wadt wakt wast wat wdt wet wetdst
            wft wgst wgt xjt yakst yakt yapt yekst yekt z zulu
            """.strip().split("\\s+")));
        for (String zone : ZoneId.getAvailableZoneIds()) {
            if (zone.indexOf('/') < 0) {
                words.addAll(List.of(zone.toLowerCase(Locale.ROOT).split("[^a-z]+")));
            }
        }
        return Set.copyOf(words);
    }

    /** Whether a token is a string that is such a time when it is read as one. */
    public static boolean literal(SqlTokens tokens, int i) {
        return switch (tokens.kind(i)) {
            case SqlTokens.STRING -> in(tokens.value(i));
            case SqlTokens.ESCAPED_STRING -> in(value(tokens.text(i), '\\', true));
            case SqlTokens.OPAQUE -> {
                String text = tokens.text(i);
                boolean unicode = text.startsWith("U&") || text.startsWith("u&");
                boolean named = tokens.is(i + 1, "uescape") && tokens.kind(i + 2) == SqlTokens.STRING;
                String escape = named ? tokens.value(i + 2) : "\\";
                yield in(value(text, unicode && !escape.isEmpty() ? escape.charAt(0) : '\'', false));
            }
            case SqlTokens.DOLLAR -> {
                String text = tokens.text(i);
                int tag = text.indexOf('$', 1) + 1;
                yield in(text.substring(tag, text.length() - tag));
            }
            default -> false;
        };
    }

    /**
     * What a literal says, also one that goes on in a further line. {@code escape} begins what is written by its number, an
     * apostrophe is for none; {@code letters} is whether as in C.
     */
    private static String value(String literal, char escape, boolean letters) {
        StringBuilder value = new StringBuilder();
        int at = literal.indexOf('\'') + 1;
        while (at > 0 && at < literal.length()) {
            char c = literal.charAt(at);
            if (c == '\'' && literal.startsWith("''", at)) {
                value.append(c);
                at += 2;
            } else if (c == '\'') {
                at = goesOn(literal, at + 1);
            } else if (c == escape && at + 1 < literal.length()) {
                at = letters ? letter(literal, at + 1, value) : number(literal, at + 1, value);
            } else {
                value.append(c);
                at++;
            }
        }
        return value.toString();
    }

    /** Where the next line's part begins, behind blanks and comments; 0 for none. */
    private static int goesOn(String literal, int from) {
        int at = from;
        while (at < literal.length() && literal.charAt(at) != '\'') {
            int line = literal.startsWith("--", at) ? literal.indexOf('\n', at) : at;
            at = line < 0 ? literal.length() : line + 1;
        }
        return at < literal.length() ? at + 1 : 0;
    }

    private static int letter(String literal, int at, StringBuilder value) {
        char c = literal.charAt(at);
        int digits = switch (c) {
            case 'x' -> 2;
            case 'u' -> 4;
            case 'U' -> 8;
            default -> 3;
        };
        boolean octal = c >= '0' && c <= '7';
        if (octal || c == 'x' || c == 'u' || c == 'U') {
            return code(literal, octal ? at : at + 1, digits, octal ? 8 : 16, value);
        }
        value.append("bfnrt".indexOf(c) < 0 ? c : ' ');
        return at + 1;
    }

    private static int number(String literal, int at, StringBuilder value) {
        char c = literal.charAt(at);
        if (c == '+') {
            return code(literal, at + 1, 6, 16, value);
        }
        if (Character.digit(c, 16) >= 0) {
            return code(literal, at, 4, 16, value);
        }
        value.append(c);
        return at + 1;
    }

    private static int code(String literal, int from, int most, int radix, StringBuilder value) {
        int at = from;
        long code = 0;
        while (at < literal.length() && at < from + most && Character.digit(literal.charAt(at), radix) >= 0) {
            code = code * radix + Character.digit(literal.charAt(at), radix);
            at++;
        }
        value.appendCodePoint(Character.isValidCodePoint((int) code) ? (int) code : ' ');
        return at;
    }

    /**
     * Whether a server reads a text as a time that depends on its clock: one of four words, in any order with a time of day, a
     * day of the week or a zone. All else that is no letter parts words only.
     */
    public static boolean in(String text) {
        boolean found = false;
        int zones = 0;
        int at = 0;
        while (at < text.length()) {
            if (!Character.isLetter(text.charAt(at))) {
                at++;
                continue;
            }
            int start = at;
            boolean zone = false;
            while (at < text.length() && (isOfZone(text.charAt(at)) || (zone && hyphen(text, at)))) {
                zone |= text.charAt(at) == '/';
                at++;
            }
            String word = at - start > LONGEST ? "" : text.substring(start, at).toLowerCase(Locale.ROOT);
            if (at - start >= POSIX_LETTERS && offset(text, at)) {
                zone = true;
                at = posixEnd(text, at);
            }
            if (RELATIVE.contains(word)) {
                found = true;
            } else if (zone || ZONES.contains(word)) {
                zones++;
            } else if (!BESIDE.contains(word)) {
                return false;
            }
        }
        return found && zones <= 1;
    }

    /** Where a zone like {@code EST5EDT} ends. */
    private static int posixEnd(String text, int offset) {
        int at = offset + 1;
        while (at < text.length() && Character.isDigit(text.charAt(at))) {
            at++;
        }
        while (at < text.length() && Character.isLetter(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private static boolean isOfZone(char c) {
        return Character.isLetter(c) || c == '/' || c == '_';
    }

    /** Whether a place's name goes on, as in {@code America/Port-au-Prince}. */
    private static boolean hyphen(String text, int at) {
        return text.charAt(at) == '-' && at + 1 < text.length() && Character.isLetter(text.charAt(at + 1));
    }

    private static boolean offset(String text, int at) {
        int digit = at < text.length() && (text.charAt(at) == '+' || text.charAt(at) == '-') ? at + 1 : at;
        return digit < text.length() && Character.isDigit(text.charAt(digit));
    }
}
