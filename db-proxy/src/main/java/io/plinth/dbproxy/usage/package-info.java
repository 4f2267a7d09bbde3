/**
 * What clients and servers do, in numbers: each event loop counts by itself -&gt; added up when asked for.
 */
@NullMarked
package io.plinth.dbproxy.usage;

import org.jspecify.annotations.NullMarked;
