/** DEBUG: the forms that test tools and client suites use. */
@NullMarked
package io.plinth.kvcache.admin.debug;

import org.jspecify.annotations.NullMarked;
