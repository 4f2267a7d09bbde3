/**
 * memcached's text and meta protocols over the keys of database 0.
 */
@NullMarked
package io.plinth.kvcache.memcached;

import org.jspecify.annotations.NullMarked;
