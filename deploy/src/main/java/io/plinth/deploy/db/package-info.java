/**
 * {@code plinth db}: another pooler's file -&gt; the section that means the same.
 */
@NullMarked
package io.plinth.deploy.db;

import org.jspecify.annotations.NullMarked;
