@NullMarked
package io.plinth.kvcache.keyspace.value;

import org.jspecify.annotations.NullMarked;
