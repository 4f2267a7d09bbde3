package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that people have, unchanged. */
@Timeout(120)
class ProgramsIT {
    /** Debian's own, which has the module. */
    private static final String PYTHON = "/usr/bin/python3";

    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().single(state, "pool: { size: 3 }");
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static String port() {
        return String.valueOf(Cluster.port(Objects.requireNonNull(proxy)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"simple", "extended", "prepared"})
    @RequiresPeer("pgbench")
    void pgbenchRunsItsTransactions(String protocol) throws Exception {
        Program.run(Map.of(), "pgbench", "-h", "127.0.0.1", "-p", port(), "-U", "shop", "-i", "-q", "-s", "1", "shop");
        String output = Program.run(
                Map.of(),
                "pgbench",
                "-h",
                "127.0.0.1",
                "-p",
                port(),
                "-U",
                "shop",
                "-n",
                "-M",
                protocol,
                "-c",
                clients(protocol),
                "-t",
                "20",
                "shop");
        assertThat(output).contains("number of failed transactions: 0");
        assertThat(output).doesNotContain("aborted");
    }

    /** pgbench waits in PQprepare for one client while others are in a transaction: with less connections it stops itself. */
    private static String clients(String protocol) {
        return protocol.equals("prepared") ? "3" : "8";
    }

    @ParameterizedTest
    @ValueSource(strings = {"True", "False"})
    @RequiresPeer({"python3", "pgbouncer"}) // deploy/bench/peers installs psycopg2 beside them
    void psycopg2ReadsAndWrites(String autocommit) throws Exception {
        String script = """
            import psycopg2
            c = psycopg2.connect(host='127.0.0.1', port=%s, user='shop', dbname='shop')
            c.autocommit = %s
            k = c.cursor()
            k.execute('CREATE TABLE IF NOT EXISTS from_python (a int, b text)')
            k.execute('TRUNCATE from_python')
            k.executemany('INSERT INTO from_python VALUES (%%s, %%s)', [(1, 'x'), (2, None)])
            import io
            k.copy_expert('COPY from_python FROM STDIN', io.StringIO('3\\tz\\n'))
            k.execute('SELECT a, b FROM from_python WHERE a = ANY(%%s) ORDER BY a', ([1, 2, 3],))
            rows = k.fetchall()
            if not c.autocommit: c.commit()
            assert rows == [(1, 'x'), (2, None), (3, 'z')], rows
            try:
                k.execute('SELEC 1')
            except psycopg2.errors.SyntaxError as e:
                if not c.autocommit: c.rollback()
            k.execute('SELECT 1'); assert k.fetchone() == (1,)
            print('well')
            """.formatted(port(), autocommit);
        assertThat(Program.run(Map.of(), "env", PYTHON, "-c", script)).contains("well");
    }

    /** Callback style, promises, pools; statements in one text, parameters, names, cursors; COPY both ways; an error; notices. */
    @Test
    @RequiresPeer({"node", "npm"}) // deploy/bench/peers installs pg, pg-cursor and pg-copy-streams beside them
    void nodesPgReadsAndWrites() throws Exception {
        String script = """
            const assert = require('assert');
            const { Client, Pool } = require('pg');
            const Cursor = require('pg-cursor');
            const { from, to } = require('pg-copy-streams');
            const { pipeline } = require('stream/promises');
            const { Readable, Writable } = require('stream');
            const where = { host: '127.0.0.1', port: %s, user: 'shop', database: 'shop' };
            (async () => {
              const c = new Client(where);
              await c.connect();
              const both = await c.query('DROP TABLE IF EXISTS from_node; CREATE TABLE from_node (a int, b text)');
              assert.deepEqual(both.map(each => each.command), ['DROP', 'CREATE']);
              await c.query('INSERT INTO from_node VALUES ($1, $2), ($3, $4)', [1, 'x', 2, null]);
              for (let i = 0; i < 5; i++) {
                const named = { name: 'by-a', text: 'SELECT b FROM from_node WHERE a = $1', values: [1] };
                assert.equal((await c.query(named)).rows[0].b, 'x');
              }
              await pipeline(Readable.from(['3\\tz\\n', '4\\ty\\n']), c.query(from('COPY from_node FROM STDIN')));
              let copied = '';
              await pipeline(c.query(to('COPY (SELECT a FROM from_node ORDER BY a) TO STDOUT')),
                new Writable({ write(chunk, _, next) { copied += chunk; next(); } }));
              assert.equal(copied, '1\\n2\\n3\\n4\\n');
              const cursor = c.query(new Cursor('SELECT generate_series(1, $1::int) AS n', [250]));
              let seen = 0;
              for (let rows = await cursor.read(100); rows.length > 0; rows = await cursor.read(100)) seen += rows.length;
              await cursor.close();
              assert.equal(seen, 250);
              await assert.rejects(c.query('SELEC 1'), each => each.code === '42601');
              await assert.rejects(c.query('SELECT $1::int / 0', [1]), each => each.code === '22012');
              await c.query('BEGIN');
              await c.query('DELETE FROM from_node');
              await c.query('ROLLBACK');
              const told = new Promise(next => c.once('notification', next));
              await c.query('LISTEN from_node');
              const pool = new Pool({ ...where, max: 8 });
              const counts = await Promise.all(
                Array.from({ length: 60 }, (_, i) => pool.query('SELECT $1::int AS i, count(*)::int AS n FROM from_node', [i])));
              counts.forEach((each, i) => assert.deepEqual(each.rows, [{ i, n: 4 }]));
              await pool.query("NOTIFY from_node, 'hello'");
              assert.equal((await told).payload, 'hello');
              await pool.end();
              await c.end();
              console.log('well');
            })().catch(each => { console.error(each); process.exit(1); });
            """.formatted(port());
        String modules = Program.run(Map.of(), "npm", "root", "-g");
        Map<String, String> environment =
                Map.of("NODE_PATH", modules.lines().toList().getLast());
        assertThat(Program.run(environment, "node", "-e", script)).contains("well");
    }
}
