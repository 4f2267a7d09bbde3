package io.plinth.dbproxy.sql;

import java.util.Set;

/** What calling a function by this name may do. A name that is not known may do anything, so it goes to the primary. */
public final class Functions {
    /** Leave something behind in the session that no other server session has. */
    private static final Set<String> PINNING = words("""
        pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
        pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all dblink_connect dblink_connect_u
        dblink_open setseed lo_open pg_export_snapshot
        """);

    /** Answer with what the session did before. */
    private static final Set<String> PAST = Set.of("lastval", "currval");

    /** Run SQL that is given to them as text. */
    private static final Set<String> EXECUTING = words("""
        query_to_xml query_to_xmlschema query_to_xml_and_xmlschema table_to_xml table_to_xmlschema
        table_to_xml_and_xmlschema schema_to_xml database_to_xml cursor_to_xml ts_stat ts_rewrite crosstab
        crosstabn connectby dblink dblink_exec dblink_send_query pg_background_launch
        """);

    /** Words that may stand before a parenthesis without being a function's name. */
    private static final Set<String> KEYWORDS = words("""
        all and any array as between bigint bit by case cast char character check conflict cube decimal
        distinct else end except exists filter float from group grouping having ilike in int integer
        intersect interval is join key lateral like limit materialized not null numeric offset on only or
        order over partition precision range references returning rollup row rows select set sets similar
        smallint some symmetric table then time timestamp to tablesample union unique using values varbit
        varchar when where window with within zone recursive explain analyze ordinality collate asc desc
        """);

    private static final Set<String> HARMLESS = words("""
        abs acos acosd age array_agg array_append array_cat array_dims array_fill array_length array_lower
        array_ndims array_position array_positions array_prepend array_remove array_replace array_reverse
        array_sort array_to_json array_to_string array_upper ascii asin atan atan2 avg bit_and bit_count
        bit_length bit_or bit_xor bool_and bool_or btrim cardinality casefold cbrt ceil ceiling char_length
        character_length chr coalesce col_description concat concat_ws convert_from convert_to corr cos cosd
        cot count covar_pop covar_samp crc32 crc32c cume_dist current_catalog current_database current_date
        current_query current_role current_schema current_schemas current_setting current_time
        current_timestamp current_user date date_add date_bin date_part date_subtract date_trunc decode
        degrees dense_rank div encode erf every exp extract factorial first_value floor format format_type
        gamma gcd gen_random_uuid generate_series generate_subscripts get_bit get_byte greatest
        has_database_privilege has_schema_privilege has_table_privilege has_column_privilege
        has_sequence_privilege has_function_privilege host inet_client_addr inet_client_port
        inet_server_addr inet_server_port initcap isfinite json_agg json_array json_array_elements
        json_array_elements_text json_array_length json_arrayagg json_build_array json_build_object
        json_each json_each_text json_exists json_extract_path json_extract_path_text json_object
        json_object_agg json_object_keys json_objectagg json_populate_record json_query json_scalar
        json_serialize json_strip_nulls json_table json_to_record json_to_recordset json_typeof json_value
        jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array
        jsonb_build_object jsonb_each jsonb_each_text jsonb_exists jsonb_extract_path
        jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys
        jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first
        jsonb_populate_record jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset
        jsonb_typeof justify_days justify_hours justify_interval lag last_value lcm lead least left length
        ln localtime localtimestamp log log10 lower lower_inc lower_inf lpad ltrim make_date make_interval
        make_time make_timestamp make_timestamptz max md5 min min_scale mod mode multirange normalize now
        nth_value ntile nullif num_nonnulls num_nulls numnode obj_description octet_length overlay
        parse_ident percent_rank percentile_cont percentile_disc pg_backend_pid pg_client_encoding
        pg_column_size pg_database_size pg_encoding_to_char pg_function_is_visible pg_get_constraintdef
        pg_get_expr pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result
        pg_get_functiondef pg_get_indexdef pg_get_keywords pg_get_partkeydef pg_get_ruledef
        pg_get_serial_sequence pg_get_statisticsobjdef_columns pg_get_triggerdef pg_get_userbyid
        pg_get_viewdef pg_has_role pg_indexes_size pg_is_in_recovery pg_is_other_temp_schema
        pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_my_temp_schema
        pg_postmaster_start_time pg_relation_size pg_size_pretty pg_size_bytes pg_sleep pg_table_is_visible
        pg_table_size pg_tablespace_location pg_total_relation_size pg_type_is_visible pg_typeof
        phraseto_tsquery pi plainto_tsquery position pow power quote_ident quote_literal quote_nullable
        radians random range_agg rank regexp_count regexp_instr regexp_like regexp_match regexp_matches
        regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_count regr_slope
        repeat replace reverse right round row_number row_to_json rpad rtrim satisfies_hash_partition scale
        session_user sha224 sha256 sha384 sha512 shobj_description sign sin sind split_part sqrt starts_with
        stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos substr
        substring sum tan tand timeofday timezone to_ascii to_char to_date to_hex to_json to_jsonb to_number
        to_regclass to_regtype to_timestamp to_tsquery to_tsvector transaction_timestamp translate treat
        trim trim_array trim_scale trunc ts_headline ts_rank ts_rank_cd unicode_version unistr unnest upper
        upper_inc upper_inf user uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 var_pop var_samp
        variance version websearch_to_tsquery width_bucket xmlagg xmlelement xmlforest clock_timestamp
        statement_timestamp hashint8extended hashtextextended uuid_hash_extended hashint4extended
        """);

    private Functions() {}

    private static Set<String> words(String text) {
        return Set.of(text.strip().split("\\s+"));
    }

    public static boolean pins(String name) {
        return PINNING.contains(name);
    }

    public static boolean remembers(String name) {
        return PAST.contains(name);
    }

    public static boolean executes(String name) {
        return EXECUTING.contains(name);
    }

    public static boolean harmless(String name) {
        return HARMLESS.contains(name) || KEYWORDS.contains(name);
    }

    /** Whether the word at {@code i} calls nothing, though a parenthesis follows: a sampling method, or an operator as psql writes it. */
    public static boolean isNone(SqlTokens tokens, int i) {
        if (tokens.is(i - 1, "tablesample")) {
            return tokens.is(i, "system") || tokens.is(i, "bernoulli");
        }
        int name = i + 2;
        while (tokens.isName(name) && tokens.kind(name + 1) == SqlTokens.DOT) {
            name += 2;
        }
        return tokens.is(i, "operator")
                && tokens.kind(name) == SqlTokens.OPERATOR
                && tokens.kind(name + 1) == SqlTokens.SHUT;
    }
}
