/** Tests of the shop's own logic; the whole shop is driven by the end-to-end test of deploy. */
@NullMarked
package shop.demo;

import org.jspecify.annotations.NullMarked;
