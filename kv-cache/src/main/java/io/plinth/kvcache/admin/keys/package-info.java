/** What /metrics and the admin port show of keys: which are used most, and what they take by type and by prefix. */
@NullMarked
package io.plinth.kvcache.admin.keys;

import org.jspecify.annotations.NullMarked;
