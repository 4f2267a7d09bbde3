/** Tests of Redis's formats. */
@NullMarked
package io.plinth.kvcache.keyspace.rdb;

import org.jspecify.annotations.NullMarked;
