/**
 * Users, what each may do, and the check of a command against that.
 */
@NullMarked
package io.plinth.kvcache.acl;

import org.jspecify.annotations.NullMarked;
