/**
 * A small shop as a web page: page -&gt; session and catalogue from the cache -&gt; order in the database -&gt; receipt by a worker.
 *
 * <p>It knows a Redis cluster, a PostgreSQL database and an AMQP broker, through the clients everybody uses, and nothing
 * of what stands behind their addresses.
 */
@NullMarked
package shop.demo;

import org.jspecify.annotations.NullMarked;
